"""What the unit `gates` pins. The truth is torch's own LSTM and GRU cells."""

import pytest
import torch

from autograder.testing.compare import (
    assert_close,
    assert_each_close,
    assert_gradients,
    assert_unchanged,
)
from autograder.testing.edges import edges

SIZES = [(3, 5, 7), (1, 5, 3), (5, 1, 3), (3, 5, 1), (4, 4, 4)]  # n, d, hidden
STATES = ["h'", "c'"]
HALF = 2e-2  # float16 all the way through, gates of a few units
SIX = ["x", "h", "c", "w_x", "w_h", "b"]
SIX_OF_GRU = ["x", "h", "w_x", "w_h", "b_x", "b_h"]
# Powers of FAR with which x·w and h·w keep their size; a cell is not multiplied by a weight.
LSTM_POWERS = ([1, 1, 1 / 6, -1, -1, 0], [-1, -1, -1, 1, 1, -1])
GRU_POWERS = ([1, 1, -1, -1, 0, 0], [-1, -1, 1, 1, -1, -1])
LSTM_GROUPS = ((0, 3, 5), (1, 2, 4))  # what is read of the word, and of the state


def lstm_inputs(draw, n, d, hidden, dtype=torch.float64):
    """Arguments of lstm_step, in their order."""
    return [
        draw.normal(n, d, dtype=dtype),
        draw.normal(n, hidden, dtype=dtype),
        draw.normal(n, hidden, dtype=dtype),
        draw.weight(d, 4 * hidden, dtype=dtype),
        draw.weight(hidden, 4 * hidden, dtype=dtype),
        draw.normal(4 * hidden, dtype=dtype),
    ]


def gru_inputs(draw, n, d, hidden, dtype=torch.float64):
    """Arguments of gru_step, in their order."""
    return [
        draw.normal(n, d, dtype=dtype),
        draw.normal(n, hidden, dtype=dtype),
        draw.weight(d, 3 * hidden, dtype=dtype),
        draw.weight(hidden, 3 * hidden, dtype=dtype),
        draw.normal(3 * hidden, dtype=dtype),
        draw.normal(3 * hidden, dtype=dtype),
    ]


def lstm64(x, h, c, w_x, w_h, b):
    """torch's LSTMCell, which wants its weights transposed and two biases."""
    return torch.lstm_cell(x, (h, c), w_x.T, w_h.T, b, torch.zeros_like(b))


def gru64(x, h, w_x, w_h, b_x, b_h):
    """torch's GRUCell, which wants its weights transposed."""
    return torch.gru_cell(x, h, w_x.T, w_h.T, b_x, b_h)


def cell_gradient64(forget):
    """The products of all rows from the last up to each, moved one up, and ones."""
    products = forget.flip(0).cumprod(0).flip(0)
    return torch.cat([products[1:], torch.ones_like(forget[:1])])


def in_float64(oracle, inputs):
    """What float64 gives for the same numbers."""
    return oracle(*(argument.double() for argument in inputs))


def saturating(gates):
    """A bias of -100, 0 or 100 for each of the gates, in every combination: a unit for each.

    Returns (gates · 3**gates,), gate by gate.
    """
    push = torch.tensor([-100.0, 0.0, 100.0], dtype=torch.float64)
    return torch.cartesian_prod(*[push] * gates).T.flatten()


def silent(inputs, zero):
    """The inputs with these of them, one sentence and every second bias, zero: so are some sums."""
    for which in zero:
        value = inputs[which]
        value[1 if value.ndim == 2 else slice(None, None, 2)] = 0
    return inputs


# lstm_step


@pytest.mark.exercise("lstm_step")
def test_lstm_step_values(student, draw):
    """State and cell as torch's own has them, for one sentence, for several, for equal sizes.

    Catches: gate order i, f, o, g; i and f swapped; sigmoid on the candidate; h without tanh(c);
    the old c used for h; (c, h) returned; no bias; N=1 squeezed.
    """
    for sizes in SIZES:
        inputs = lstm_inputs(draw, *sizes)
        assert_each_close(student.gates.lstm_step(*inputs), lstm64(*inputs), STATES)


@pytest.mark.exercise("lstm_step")
def test_lstm_step_saturated(student, draw):
    """Gates pushed to ±100 are quite open or quite shut, never NaN, in float32 too.

    Catches: a sigmoid or tanh by hand that overflows, an epsilon inside.
    """
    inputs = lstm_inputs(draw, 2, 3, 81)
    inputs[5] = saturating(4)
    assert_each_close(student.gates.lstm_step(*inputs), lstm64(*inputs), STATES)
    inputs = [argument.float() for argument in inputs]
    got = student.gates.lstm_step(*inputs)  # its dtype is another test's
    assert_each_close(got, in_float64(lstm64, inputs), STATES, dtype=None, relative=2e-5)


@pytest.mark.exercise("lstm_step")
def test_lstm_step_edges(student, draw):
    """Exact zeros, ones, and numbers of 1e12 and 1e-12.

    Catches: numbers cut off or taken for zero, zeros taken for padding, 0/0.
    """
    for inputs in edges(lstm_inputs(draw, 2, 3, 5), *LSTM_POWERS, groups=LSTM_GROUPS):
        assert_each_close(student.gates.lstm_step(*inputs), lstm64(*inputs), STATES)


@pytest.mark.exercise("lstm_step")
def test_lstm_step_dtype_and_strides(student, draw):
    """float32 and float16 come back as they went in, and a tensor may have any strides.

    Catches: float64 returned, float32 inside, float32 for float16, `view` of a tensor that is not
    contiguous.
    """
    for dtype, allowed in [(torch.float32, None), (torch.float16, HALF)]:
        inputs = lstm_inputs(draw, 5, 3, 7, dtype=dtype)
        got = student.gates.lstm_step(*inputs)
        expected = in_float64(lstm64, inputs)
        assert_each_close(got, expected, STATES, dtype=dtype, relative=allowed)
    strided = [
        draw.strided(5, 3),
        draw.normal(7, 5).T,
        draw.strided(5, 7),
        draw.normal(28, 3).T,
        draw.normal(28, 7).T,
        draw.strided(28),
    ]
    assert_each_close(student.gates.lstm_step(*strided), lstm64(*strided), STATES)


@pytest.mark.exercise("lstm_step")
def test_lstm_step_again(student, draw):
    """The old h and c stay as they are, and a second call with new numbers gives new states.

    Catches: c (or anything else) overwritten in place, a result kept from an earlier call.
    """
    inputs = lstm_inputs(draw, 3, 5, 7)
    assert_unchanged(student.gates.lstm_step, *inputs)
    for changed in (inputs[3:], inputs[:1], inputs[1:3]):  # in the same memory
        assert_each_close(student.gates.lstm_step(*inputs), lstm64(*inputs), STATES)
        for argument in changed:
            argument.mul_(-0.5)
    assert_each_close(student.gates.lstm_step(*inputs), lstm64(*inputs), STATES)


@pytest.mark.exercise("lstm_step", kind="gradient")
def test_lstm_step_gradients(student, draw):
    """The gradients of all six inputs from h' and c', as autograd has them for torch's own cell.

    Catches: a `detach`, `.data` or `torch.tensor(...)` on the way.
    """
    for n, d, hidden in [(1, 3, 2), (4, 4, 4)]:
        inputs = lstm_inputs(draw, n, d, hidden)
        cotangents = [draw.normal(n, hidden), draw.normal(n, hidden)]
        assert_gradients(student.gates.lstm_step, lstm64, inputs, cotangents, SIX)


@pytest.mark.exercise("lstm_step", kind="gradient")
def test_lstm_step_gradients_saturated(student, draw):
    """Where gates stand at ±100 the gradients are finite, in float32 too; the others are right.

    Catches: a sigmoid or tanh by hand whose exponential overflows.
    """
    for dtype in (torch.float64, torch.float32):
        inputs = lstm_inputs(draw, 2, 3, 81, dtype=dtype)
        inputs[5] = saturating(4).to(dtype)
        cotangents = [draw.normal(2, 81), draw.normal(2, 81)]
        assert_gradients(student.gates.lstm_step, lstm64, inputs, cotangents, SIX)


@pytest.mark.exercise("lstm_step", kind="gradient")
def test_lstm_step_gradients_edges(student, draw):
    """The same at exact zeros, at ones, at numbers of 1e12 and 1e-12, and where the sums are 0.

    Catches: a clamp, whose gradient is 0 beyond it; NaN at a zero, `abs` in a sigmoid or
    tanh by hand.
    """
    usual = edges(lstm_inputs(draw, 2, 3, 5), *LSTM_POWERS, groups=LSTM_GROUPS)
    for inputs in [*usual, silent(lstm_inputs(draw, 2, 3, 5), [0, 1, 5])]:
        cotangents = [draw.normal(2, 5), draw.normal(2, 5)]
        assert_gradients(student.gates.lstm_step, lstm64, inputs, cotangents, SIX)


# gru_step


@pytest.mark.exercise("gru_step")
def test_gru_step_values(student, draw):
    """The state as torch's own cell has it, for one sentence, for several, for equal sizes.

    Catches: reset before the matmul, z and 1 - z swapped, r and z swapped, b_hn outside the
    reset, h overwritten before the mix, sigmoid on the candidate, a bias missing, N=1 squeezed.
    """
    for sizes in SIZES:
        inputs = gru_inputs(draw, *sizes)
        assert_close(student.gates.gru_step(*inputs), gru64(*inputs))


@pytest.mark.exercise("gru_step")
def test_gru_step_saturated(student, draw):
    """Gates pushed to ±100 keep the old state whole or replace it whole, never NaN.

    Catches: a sigmoid or tanh by hand that overflows, an epsilon inside.
    """
    inputs = gru_inputs(draw, 2, 5, 27)
    inputs[4] = saturating(3)
    # On the side of the other bias: where both nearly cancel, float32 has few digits left.
    inputs[5][::9] = 100 * inputs[5][::9].abs().copysign(inputs[4][::9])
    assert_close(student.gates.gru_step(*inputs), gru64(*inputs))
    inputs = [argument.float() for argument in inputs]
    got = student.gates.gru_step(*inputs)  # its dtype is another test's
    assert_close(got, in_float64(gru64, inputs), dtype=None, relative=2e-5)


@pytest.mark.exercise("gru_step")
def test_gru_step_edges(student, draw):
    """Exact zeros, ones, and numbers of 1e12 and 1e-12.

    Catches: numbers cut off or taken for zero, zeros taken for padding, 0/0.
    """
    for inputs in edges(gru_inputs(draw, 2, 3, 5), *GRU_POWERS):
        assert_close(student.gates.gru_step(*inputs), gru64(*inputs))


@pytest.mark.exercise("gru_step")
def test_gru_step_dtype_and_strides(student, draw):
    """float32 and float16 come back as they went in, and a tensor may have any strides.

    Catches: float64 returned, float32 inside, float32 for float16, `view` of a tensor that is not
    contiguous.
    """
    for dtype, allowed in [(torch.float32, None), (torch.float16, HALF)]:
        inputs = gru_inputs(draw, 5, 3, 7, dtype=dtype)
        got = student.gates.gru_step(*inputs)
        assert_close(got, in_float64(gru64, inputs), dtype=dtype, relative=allowed)
    strided = [
        draw.strided(5, 3),
        draw.normal(7, 5).T,
        draw.normal(21, 3).T,
        draw.normal(21, 7).T,
        draw.strided(21),
        draw.strided(21),
    ]
    assert_close(student.gates.gru_step(*strided), gru64(*strided))


@pytest.mark.exercise("gru_step")
def test_gru_step_again(student, draw):
    """The old h stays as it is, and a second call with new numbers gives a new state.

    Catches: h (or anything else) overwritten in place, a result kept from an earlier call.
    """
    inputs = gru_inputs(draw, 3, 5, 7)
    assert_unchanged(student.gates.gru_step, *inputs)
    for changed in (inputs[2:], inputs[:1], inputs[1:2]):  # in the same memory
        assert_close(student.gates.gru_step(*inputs), gru64(*inputs))
        for argument in changed:
            argument.mul_(-0.5)
    assert_close(student.gates.gru_step(*inputs), gru64(*inputs))


@pytest.mark.exercise("gru_step", kind="gradient")
def test_gru_step_gradients(student, draw):
    """The gradients of all six inputs, as autograd has them for torch's own cell.

    Catches: a `detach`, `.data` or `torch.tensor(...)` on the way.
    """
    for n, d, hidden in [(1, 3, 2), (4, 4, 4)]:
        inputs = gru_inputs(draw, n, d, hidden)
        assert_gradients(student.gates.gru_step, gru64, inputs, draw.normal(n, hidden), SIX_OF_GRU)


@pytest.mark.exercise("gru_step", kind="gradient")
def test_gru_step_gradients_saturated(student, draw):
    """Where gates stand at ±100 the gradients are finite, in float32 too; the others are right.

    Catches: a sigmoid or tanh by hand whose exponential overflows.
    """
    for dtype in (torch.float64, torch.float32):
        inputs = gru_inputs(draw, 2, 5, 27, dtype=dtype)
        inputs[4] = saturating(3).to(dtype)
        inputs[5][::9] = 100 * inputs[5][::9].abs().copysign(inputs[4][::9])
        assert_gradients(student.gates.gru_step, gru64, inputs, draw.normal(2, 27), SIX_OF_GRU)


@pytest.mark.exercise("gru_step", kind="gradient")
def test_gru_step_gradients_edges(student, draw):
    """The same at exact zeros, at ones, at numbers of 1e12 and 1e-12, and where the sums are 0.

    Catches: a clamp, whose gradient is 0 beyond it; NaN at a zero, `abs` in a sigmoid or
    tanh by hand.
    """
    usual = edges(gru_inputs(draw, 2, 3, 5), *GRU_POWERS)
    for inputs in [*usual, silent(gru_inputs(draw, 2, 3, 5), [0, 1, 4, 5])]:
        cotangent = draw.normal(2, 5)
        assert_gradients(student.gates.gru_step, gru64, inputs, cotangent, SIX_OF_GRU)


# cell_gradient


def gates(draw, length, hidden, dtype=torch.float64):
    """Forget gates as a network has them, between 0 and 1. (length, hidden)."""
    return draw.normal(length, hidden, std=2.0).sigmoid().to(dtype)


@pytest.mark.exercise("cell_gradient")
def test_cell_gradient_values(student, draw):
    """Row t is the product of the rows after t, each number to its own size, the last row ones.

    Catches: the row itself in the product, the rows before in place of those after, products
    over the hidden axis, a sum of the gates, float32 inside; T=1.
    """
    for sizes in [(7, 5), (3, 11), (2, 3), (1, 5), (5, 1), (4, 4), (521, 3)]:
        forget = gates(draw, *sizes)
        assert_close(student.gates.cell_gradient(forget), cell_gradient64(forget), elementwise=True)


@pytest.mark.exercise("cell_gradient")
def test_cell_gradient_saturated(student, draw):
    """A gate at exactly 0 cuts off what lies before it, one at 1 lets all through; none gives NaN.

    Catches: a product divided by a gate (0/0), an epsilon in a logarithm.
    """
    forget = gates(draw, 13, 3)
    forget[4, 0], forget[9, 0], forget[12, 1] = 0, 0, 0  # the middle twice, and the last row
    forget[:, 2] = (draw.mask(13).to(torch.float64) * 200 - 100).sigmoid()  # 1 or nearly nothing
    assert_close(student.gates.cell_gradient(forget), cell_gradient64(forget), elementwise=True)
    shut = torch.zeros(5, 2, dtype=torch.float64)
    for gates_ in (shut, gates(draw, 3, 5) * 1e-12):
        got = student.gates.cell_gradient(gates_)
        assert_close(got, cell_gradient64(gates_), elementwise=True)


@pytest.mark.exercise("cell_gradient")
def test_cell_gradient_again(student, draw):
    """Any floating dtype and strides, new gates at every call; the gates stay as they are.

    Catches: `forget[-1] = 1` in place, float64 returned, ones of float32 beside float16, `view`,
    a result kept from before.
    """
    forget = gates(draw, 5, 14)[:, ::2]
    for _ in range(3):
        assert_unchanged(student.gates.cell_gradient, forget)
        assert_close(student.gates.cell_gradient(forget), cell_gradient64(forget))
        forget.copy_(gates(draw, 5, 7))
    for sizes in [(7, 5), (5, 2)]:
        for dtype in (torch.float32, torch.float16):
            forget = gates(draw, *sizes, dtype=dtype)
            expected = cell_gradient64(forget.double())
            assert_close(student.gates.cell_gradient(forget), expected, dtype=dtype)
        turned = gates(draw, *sizes).T
        assert_close(student.gates.cell_gradient(turned), cell_gradient64(turned))


@pytest.mark.exercise("cell_gradient", kind="gradient")
def test_cell_gradient_gradient(student, draw):
    """Autograd reaches the gates, also over hundreds of steps, and where gates are saturated.

    Catches: a graph cut by `detach`, `.item()` or NumPy, a limit on the length.
    """
    for length, hidden in [(7, 5), (2, 3), (4, 4)]:
        forget = gates(draw, length, hidden)
        forget[:, 0] = torch.tensor([100.0, -100.0] * 4, dtype=torch.float64)[:length].sigmoid()
        assert_cell_gradients(student, draw, forget)
    assert_cell_gradients(student, draw, 1 - gates(draw, 521, 2) / 100)


@pytest.mark.exercise("cell_gradient", kind="gradient")
def test_cell_gradient_gradient_of_shut_gates(student, draw):
    """At exact zeros, one or several in a column, and at very small gates, it is finite and right.

    Catches: NaN or zero from a logarithm, a product divided by a gate.
    """
    forget = gates(draw, 7, 5)
    forget[2, 0], forget[3:5, 1], forget[6, 2], forget[:, 3] = 0, 0, 0, 0
    for gates_ in (forget, torch.zeros(3, 2, dtype=torch.float64), gates(draw, 3, 2) * 1e-12):
        assert_cell_gradients(student, draw, gates_)


def assert_cell_gradients(student, draw, forget):
    """Fail unless the gradient of the gates is autograd's."""
    __tracebackhide__ = True
    function, cotangent = student.gates.cell_gradient, draw.normal(*forget.shape)
    assert_gradients(function, cell_gradient64, [forget], cotangent, ["forget"])


# devices


@pytest.mark.exercise("lstm_step", kind="device")
def test_lstm_step_on_a_gpu(student, draw):
    """Catches: NumPy's functions, gates copied into a tensor that is on the CPU."""
    inputs, cotangents = lstm_inputs(draw, 3, 5, 7), [draw.normal(3, 7), draw.normal(3, 7)]
    assert_gradients(student.gates.lstm_step, lstm64, inputs, cotangents, SIX)


@pytest.mark.exercise("gru_step", kind="device")
def test_gru_step_on_a_gpu(student, draw):
    """Catches: NumPy's functions, ones on the CPU in `1 - z`."""
    inputs = gru_inputs(draw, 3, 5, 7)
    assert_gradients(student.gates.gru_step, gru64, inputs, draw.normal(3, 7), SIX_OF_GRU)


@pytest.mark.exercise("cell_gradient", kind="device")
def test_cell_gradient_on_a_gpu(student, draw):
    """Catches: ones on the CPU for the last row, an index on the CPU for `index_select`."""
    forget, function = gates(draw, 3, 5), student.gates.cell_gradient
    assert_gradients(function, cell_gradient64, [forget], draw.normal(3, 5), ["forget"])
