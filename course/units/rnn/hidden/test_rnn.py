"""What the unit `rnn` pins. The truth is torch's own recurrent cell and layer."""

import pytest
import torch

from autograder.testing.compare import assert_close, assert_gradients, assert_unchanged
from autograder.testing.edges import edges
from autograder.testing.parallel import assert_parallel
from course.units.rnn.public.loops import SCALINGS

FIVE = ["x", "h", "w_xh", "w_hh", "b"]
HALF = 2e-2  # float16 all the way through, from step to step
# All equal first: some mistakes have a result there only, and are then called by their name.
STEP_SIZES = [(4, 4, 4), (3, 5, 7), (2, 11, 3), (1, 5, 3), (5, 1, 3), (3, 5, 1)]  # n, d, hidden
SIZES = [  # n, t, d, hidden
    (4, 4, 4, 4),
    (3, 13, 5, 7),
    (2, 5, 7, 3),
    (1, 3, 5, 2),
    (3, 1, 5, 7),
    (3, 2, 7, 5),
]

POWERS = ([1, 1, -1, -1, 0], [-1, -1, 1, 1, -1])  # of FAR in FIVE: x·w and h·w keep their size


def step_inputs(draw, n, d, hidden, dtype=torch.float64):
    """Arguments of rnn_step, in their order."""
    return [
        draw.normal(n, d, dtype=dtype),
        draw.normal(n, hidden, std=0.5, dtype=dtype),
        draw.weight(d, hidden, dtype=dtype),
        draw.weight(hidden, hidden, dtype=dtype),
        draw.normal(hidden, std=0.5, dtype=dtype),
    ]


def rnn_inputs(draw, n, t, d, hidden, dtype=torch.float64):
    """Arguments of rnn: those of rnn_step, with t words in place of one."""
    _, *rest = step_inputs(draw, n, d, hidden, dtype)
    return [draw.normal(n, t, d, dtype=dtype), *rest]


def remembering(draw, n, t, d, hidden):
    """Arguments of rnn whose last state still depends on the first word."""
    x, h, w_xh, _, b = rnn_inputs(draw, n, t, d, hidden)
    return [0.05 * x, 0.1 * h, w_xh, torch.linalg.qr(draw.normal(hidden, hidden)).Q, 0.01 * b]


def step64(x, h, w_xh, w_hh, b):
    """torch's RNNCell, which wants its weights transposed and two biases."""
    return torch.rnn_tanh_cell(x, h, w_xh.T, w_hh.T, b, torch.zeros_like(b))


def rnn64(x, h, w_xh, w_hh, b):
    """torch's RNN, one layer, batch first."""
    parameters = (w_xh.T, w_hh.T, b, torch.zeros_like(b))
    return torch.rnn_tanh(x, h[None], parameters, True, 1, 0.0, False, False, True)[0]


def in_float64(oracle, inputs):
    """What float64 gives for the same numbers."""
    return oracle(*(argument.double() for argument in inputs))


@pytest.mark.exercise("rnn_step")
def test_rnn_step_values(student, draw):
    """tanh(x·w_xh + h·w_hh + b), for one sentence, for several, and where every size is equal.

    Catches: w_hh transposed, no bias, bias outside the tanh, no tanh, sigmoid, h or x left out,
    x and h swapped, N=1 squeezed.
    """
    for sizes in STEP_SIZES:
        inputs = step_inputs(draw, *sizes)
        assert_close(student.rnn.rnn_step(*inputs), step64(*inputs))


@pytest.mark.exercise("rnn_step")
def test_rnn_step_saturated(student, draw):
    """Inputs in the thousands give states of ±1, never NaN; tiny ones keep all their digits.

    Catches: tanh written with an exponential that overflows, an epsilon or float32 inside.
    """
    for scale in (1e4, 1e-4):
        x, h, w_xh, w_hh, b = step_inputs(draw, 3, 5, 7)
        inputs = [scale * x, scale * h, w_xh, w_hh, scale * b]
        assert_close(student.rnn.rnn_step(*inputs), step64(*inputs))


@pytest.mark.exercise("rnn_step")
def test_rnn_step_edges(student, draw):
    """Exact zeros, ones, and numbers of 1e12 and 1e-12.

    Catches: numbers cut off or taken for zero, zeros taken for padding, 0/0.
    """
    for inputs in edges(step_inputs(draw, 3, 5, 7), *POWERS):
        assert_close(student.rnn.rnn_step(*inputs), step64(*inputs))


@pytest.mark.exercise("rnn_step")
def test_rnn_step_dtype_and_strides(student, draw):
    """float32 and float16 come back as they went in, and a tensor may have any strides.

    Catches: float64 returned, float32 inside, float32 for float16, `view` of a tensor that is not
    contiguous.
    """
    for dtype, allowed in [(torch.float32, None), (torch.float16, HALF)]:
        inputs = step_inputs(draw, 5, 3, 7, dtype=dtype)
        got = student.rnn.rnn_step(*inputs)
        assert_close(got, in_float64(step64, inputs), dtype=dtype, relative=allowed)
    strided = [
        draw.strided(5, 3),
        draw.strided(5, 7),
        draw.weight(7, 3).T,
        draw.weight(7, 7).T,
        draw.strided(7),
    ]
    assert_close(student.rnn.rnn_step(*strided), step64(*strided))


@pytest.mark.exercise("rnn_step")
def test_rnn_step_again(student, draw):
    """The arguments stay as they are, and a second call with new numbers gives new states.

    Catches: h (or anything else) overwritten in place, a result kept from an earlier call.
    """
    inputs = step_inputs(draw, 3, 5, 7)
    assert_unchanged(student.rnn.rnn_step, *inputs)
    for changed in (inputs[2:], inputs[:1], inputs[1:2]):  # in the same memory
        assert_close(student.rnn.rnn_step(*inputs), step64(*inputs))
        for argument in changed:
            argument.mul_(-0.5)
    assert_close(student.rnn.rnn_step(*inputs), step64(*inputs))


@pytest.mark.exercise("rnn_step", kind="gradient")
def test_rnn_step_gradients(student, draw):
    """The gradients of all five inputs, as autograd has them for torch's own cell.

    Catches: a `detach`, `.data` or `torch.tensor(...)` on the way, a bias without a gradient.
    """
    for n, d, hidden in [(1, 3, 2), (4, 4, 4)]:
        inputs = step_inputs(draw, n, d, hidden)
        assert_gradients(student.rnn.rnn_step, step64, inputs, draw.normal(n, hidden), FIVE)


@pytest.mark.exercise("rnn_step", kind="gradient")
def test_rnn_step_gradients_edges(student, draw):
    """The same at exact zeros, at ones, at numbers of 1e12 and 1e-12, and where the sum is 0.

    Catches: a clamp, whose gradient is 0 beyond it; NaN at a zero, `abs` in a tanh by hand.
    """
    silent = step_inputs(draw, 3, 5, 7)
    silent[0][1], silent[1][1], silent[4][::2] = 0, 0, 0
    for inputs in [*edges(step_inputs(draw, 3, 5, 7), *POWERS), silent]:
        assert_gradients(student.rnn.rnn_step, step64, inputs, draw.normal(3, 7), FIVE)


@pytest.mark.exercise("rnn_step", kind="gradient")
def test_rnn_step_gradients_saturated(student, draw):
    """Where some units are saturated, their gradients are 0 and not NaN; the others are right.

    Catches: tanh written with an exponential that overflows.
    """
    inputs = step_inputs(draw, 3, 5, 7)
    inputs[4] += torch.tensor([0, 1e4, 0, -1e4, 0, 1e4, 0], dtype=torch.float64)
    assert_gradients(student.rnn.rnn_step, step64, inputs, draw.normal(3, 7), FIVE)


@pytest.mark.exercise("rnn")
def test_rnn_values(student, draw):
    """Every state of every sentence, also for T=1, N=1 and where every size is equal.

    Catches: h0 used at every step, states stacked on the wrong axis, only the last state,
    reversed time, h overwritten in place, h0 among the states, w_hh transposed, bias missing.
    """
    for sizes in SIZES:
        inputs = rnn_inputs(draw, *sizes)
        assert_close(student.rnn.rnn(*inputs), rnn64(*inputs))


@pytest.mark.exercise("rnn")
def test_rnn_long(student, draw):
    """A sentence of more than 256 words, none forgotten; later ones never change earlier states.

    Catches: a limit on the length, the last words only, reversed time, something computed over the
    whole sequence.
    """
    x, *rest = remembering(draw, 2, 257, 5, 3)
    before = student.rnn.rnn(x, *rest)
    assert_close(before, rnn64(x, *rest))
    cut = draw.integer(20, 40)
    changed = torch.cat([x[:, :cut], draw.normal(2, 7, 5)], dim=1)
    after = student.rnn.rnn(changed, *rest)
    assert_close(after, rnn64(changed, *rest))
    assert_close(after[:, :cut], before[:, :cut], name="the states before the changed words")


@pytest.mark.exercise("rnn")
def test_rnn_edges(student, draw):
    """Exact zeros, ones, and numbers of 1e12 and 1e-12.

    Catches: numbers cut off or taken for zero, zeros taken for padding, 0/0.
    """
    for inputs in edges(rnn_inputs(draw, 2, 3, 5, 7), *POWERS):
        assert_close(student.rnn.rnn(*inputs), rnn64(*inputs))


@pytest.mark.exercise("rnn")
def test_rnn_dtype_and_strides(student, draw):
    """float32 and float16 come back as they went in, and a tensor may have any strides.

    Catches: states collected in a tensor of the default dtype, `view` without `contiguous`.
    """
    for dtype, allowed in [(torch.float32, None), (torch.float16, HALF)]:
        inputs = rnn_inputs(draw, 3, 7, 5, 2, dtype=dtype)
        inputs[3] /= torch.linalg.matrix_norm(inputs[3].double(), 2)  # lest rounding grow by steps
        expected = in_float64(rnn64, inputs)
        assert_close(student.rnn.rnn(*inputs), expected, dtype=dtype, relative=allowed)
    strided = [
        draw.normal(7, 3, 5).transpose(0, 1),
        draw.strided(3, 2),
        draw.weight(2, 5).T,
        draw.weight(2, 2).T,
        draw.strided(2),
    ]
    assert_close(student.rnn.rnn(*strided), rnn64(*strided))


@pytest.mark.exercise("rnn")
def test_rnn_again(student, draw):
    """The arguments stay as they are, and a second call with new numbers gives new states.

    Catches: h or x overwritten in place, a state or a result kept from an earlier call.
    """
    inputs = rnn_inputs(draw, 3, 5, 2, 7)
    assert_unchanged(student.rnn.rnn, *inputs)
    for changed in (inputs[2:], inputs[:1], inputs[1:2]):  # in the same memory
        assert_close(student.rnn.rnn(*inputs), rnn64(*inputs))
        for argument in changed:
            argument.mul_(-0.5)
    assert_close(student.rnn.rnn(*inputs), rnn64(*inputs))


@pytest.mark.exercise("rnn", kind="gradient")
def test_rnn_gradients(student, draw):
    """The gradients of all five inputs, from every state.

    Catches: a `detach` between the steps, states copied with `torch.tensor`, h0 at every step.
    """
    for n, t, d, hidden in [(3, 5, 5, 7), (1, 1, 3, 5), (4, 4, 4, 4)]:
        inputs = rnn_inputs(draw, n, t, d, hidden)
        assert_gradients(student.rnn.rnn, rnn64, inputs, draw.normal(n, t, hidden), FIVE)


@pytest.mark.exercise("rnn", kind="gradient")
def test_rnn_gradients_edges(student, draw):
    """The same at exact zeros, at ones, at numbers of 1e12 and 1e-12, and where the sum is 0.

    Catches: a clamp, whose gradient is 0 beyond it; NaN at a zero, `abs` in a tanh by hand.
    """
    silent = rnn_inputs(draw, 2, 3, 5, 7)
    silent[0][1, 0], silent[1][1], silent[4][::2] = 0, 0, 0
    for inputs in [*edges(rnn_inputs(draw, 2, 3, 5, 7), *POWERS), silent]:
        assert_gradients(student.rnn.rnn, rnn64, inputs, draw.normal(2, 3, 7), FIVE)


@pytest.mark.exercise("rnn", kind="gradient")
def test_rnn_gradients_from_the_last_state(student, draw):
    """A loss on the last state alone reaches the first of 130 words; saturated units, too.

    Catches: a `detach` every few steps, tanh written with an exponential that overflows.
    """
    saturated = rnn_inputs(draw, 2, 7, 3, 5)
    saturated[4] += torch.tensor([0, 0, 0, 1e4, -1e4], dtype=torch.float64)
    for inputs in (saturated, remembering(draw, 2, 129, 3, 5)):
        cotangent = torch.zeros(*inputs[0].shape[:2], 5, dtype=torch.float64)
        cotangent[:, -1] = draw.normal(2, 5)
        assert_gradients(student.rnn.rnn, rnn64, inputs, cotangent, FIVE)


@pytest.mark.exercise("rnn", kind="speed")
def test_rnn_takes_every_sentence_at_once(student, draw):
    """Steps wait for one another, sentences do not. Catches: a Python loop over the batch."""
    sentences, _ = SCALINGS["rnn"]
    assert_parallel(student.rnn.rnn, sentences, draw, rnn64, "rnn_by_sentence")


@pytest.mark.exercise("rnn", kind="speed")
def test_rnn_takes_every_unit_at_once(student, draw):
    """A wide state. Catches: a Python loop over its units, each with a sum of its own."""
    _, units = SCALINGS["rnn"]
    assert_parallel(student.rnn.rnn, units, draw, rnn64, "rnn_by_unit")


# devices


@pytest.mark.exercise("rnn_step", kind="device")
def test_rnn_step_on_a_gpu(student, draw):
    """Catches: NumPy's tanh, a column of ones on the CPU."""
    inputs = step_inputs(draw, 3, 5, 7)
    assert_gradients(student.rnn.rnn_step, step64, inputs, draw.normal(3, 7), FIVE)


@pytest.mark.exercise("rnn", kind="device")
def test_rnn_on_a_gpu(student, draw):
    """Catches: states written into a tensor that is on the CPU."""
    inputs = rnn_inputs(draw, 3, 2, 5, 7)
    assert_gradients(student.rnn.rnn, rnn64, inputs, draw.normal(3, 2, 7), FIVE)
