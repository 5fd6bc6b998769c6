"""What the unit `gradient_paths` pins. The truth is autograd through torch's own layers."""

import pytest
import torch

from autograder.testing.calls import Failure
from autograder.testing.compare import assert_close, assert_gradients, assert_unchanged
from autograder.testing.edges import FAR, scaled
from course.shared.layers64 import lstm64, lstm_step64, rnn64, self_attention64

HALF = 5e-2  # float16 all the way through, there and back
EARLIER = {  # what gradient_by_distance builds on
    "rnn": ("rnn", "rnn"),
    "lstm": ("gates", "lstm_step"),
    "attention": ("self_attention", "self_attention"),
}
RECURRENT_SIZES = [  # N, T, D, H
    (2, 7, 5, 3),
    (1, 5, 3, 7),
    (3, 1, 5, 7),
    (4, 4, 4, 4),
]
ATTENTION_SIZES = [  # N, T, D, d_k, d_v
    (2, 11, 5, 7, 3),
    (1, 7, 3, 5, 2),
    (3, 1, 5, 7, 2),
    (1, 257, 3, 2, 1),
    (5, 5, 5, 5, 5),
]


def inputs(draw, kind, n, t, d, *widths, dtype=torch.float64):
    """x and the params of a kind; widths: H, or d_k and d_v."""
    if kind == "attention":
        d_k, d_v = widths
        shapes = {"w_q": (d, d_k), "w_k": (d, d_k), "w_v": (d, d_v)}
    elif kind == "lstm":
        (h,) = widths
        shapes = {"w_x": (d, 4 * h), "w_h": (h, 4 * h), "b": (4 * h,)}
    else:
        (h,) = widths
        shapes = {"w_xh": (d, h), "w_hh": (h, h), "b": (h,)}
    params = {
        name: draw.weight(*shape) if len(shape) > 1 else draw.normal(*shape, std=0.3)
        for name, shape in shapes.items()
    }
    return draw.normal(n, t, d, dtype=dtype), {key: w.to(dtype) for key, w in params.items()}


def last_output64(kind, x, params):
    """The last output, (N, H) or (N, d_v)."""
    if kind == "rnn":
        return rnn64(x, x.new_zeros(len(x), len(params["w_hh"])), *params.values())[:, -1]
    function = self_attention64 if kind == "attention" else lstm64
    return function(x, *params.values())[:, -1]


def by_distance64(kind, x, params):
    """The root of the sum of the squares of the last output's gradient, for every position."""
    x = x.detach().double().clone().requires_grad_()
    last = last_output64(kind, x, {name: weight.double() for name, weight in params.items()})
    (gradient,) = torch.autograd.grad(last.sum(), x)
    return gradient.square().sum((0, 2)).sqrt()


def assert_by_distance(student, kind, x, params, **tolerance):
    """Fail unless the values are right; where an earlier unit is wrong, the failure is about it."""
    __tracebackhide__ = True
    function = student.gradient_paths.gradient_by_distance
    try:
        got = function(kind, x, params)
        assert_close(got, by_distance64(kind, x, params), **tolerance)
    except Failure as failure:
        if not failure.help_id:  # otherwise its cause is known already
            blame_earlier(student, kind, x, params, failure)
            function(kind, x, params)  # a mistake is looked for in the last call
        raise


def blame_earlier(student, kind, x, params, failure):
    """Fail if what gradient_by_distance builds on is wrong itself, on the same inputs."""
    __tracebackhide__ = True
    unit, name = EARLIER[kind]
    try:
        check_earlier(student, kind, x, params)
    except Failure as earlier:
        if earlier.message == failure.message:  # the submission as a whole cannot be run
            return
        raise Failure(
            f"gradient_by_distance builds on your `{name}` in the unit {unit}, which is to be "
            f"mended first. There: {earlier.message}",
            help=earlier.help,
            help_id="earlier_unit",
            facts=earlier.facts,
        ) from None


def check_earlier(student, kind, x, params):
    """Values and gradients of the earlier unit's function."""
    __tracebackhide__ = True
    weights, names = list(params.values()), list(params)
    if kind == "lstm":
        h = c = x.new_zeros(len(x), len(params["w_h"]))
        for word in x.unbind(1):
            args, names = [word, h, c, *weights], ["x", "h", "c", *params]
            assert_gradients(student.gates.lstm_step, lstm_step64, args, [h + 1, c + 1], names)
            h, c = lstm_step64(*args)
        return
    if kind == "rnn":
        h = x.new_zeros(len(x), len(params["w_hh"]))
        function, oracle, args = student.rnn.rnn, rnn64, [x, h, *weights]
        names = ["x", "h", *names]
    else:
        function, oracle = student.self_attention.self_attention, self_attention64
        args, names = [x, *weights], ["x", *names]
    cotangent = torch.zeros_like(oracle(*args))
    cotangent[:, -1] = 1  # the last output alone
    assert_gradients(function, oracle, args, cotangent, names)


def check_every_call(student, draw, kind, *sizes):
    """Dtype, strides, arguments that stay, new numbers at every call."""
    __tracebackhide__ = True
    for dtype, allowed in [(torch.float32, None), (torch.float16, HALF)]:
        x, params = inputs(draw, kind, *sizes, dtype=dtype)
        assert_by_distance(student, kind, x, params, dtype=dtype, relative=allowed)
    x, params = inputs(draw, kind, *sizes)
    x = draw.normal(sizes[1], sizes[0], sizes[2]).transpose(0, 1)
    params = {
        name: weight.mT.contiguous().mT if weight.ndim == 2 else weight
        for name, weight in params.items()
    }
    assert_by_distance(student, kind, x, params)
    # the same again
    got = assert_unchanged(student.gradient_paths.gradient_by_distance, kind, x, params)
    assert_close(got, by_distance64(kind, x, params))
    for tensors in ([x], params.values()):  # in the same memory
        for tensor in tensors:
            tensor.mul_(-0.5)
        assert_by_distance(student, kind, x, params)
    assert_by_distance(student, kind, x[:, 1:], params)


def check_edges(student, draw, kind, *sizes):
    """Exact zeros and ones, biases of zero, and numbers of 1e12 and 1e-12."""
    __tracebackhide__ = True
    x, params = inputs(draw, kind, *sizes)
    assert_by_distance(student, kind, scaled(x, 0.0), params)
    read = [name for name in params if name.startswith(("w_x", "w_q", "w_k", "w_v"))]
    for factor in (FAR, 1 / FAR):  # of x, over which the weights that read it are divided
        weights = {n: scaled(w, 1 / factor) if n in read else w for n, w in params.items()}
        assert_by_distance(student, kind, scaled(x, factor), weights)
    for tensor in (x, *params.values()):
        tensor.view(-1)[::5] = 0
        tensor.view(-1)[1::5] = 1
    params |= {name: 0 * w for name, w in params.items() if w.ndim == 1}  # the bias
    assert_by_distance(student, kind, x, params)


def every_kind(student, draw):
    """The student's own gradients of all three kinds; None for one that cannot be had."""
    found = {}
    for kind, widths in (("rnn", [7]), ("lstm", [7]), ("attention", [7, 3])):
        x, params = inputs(draw, kind, 1, 16, 5, *widths)
        if kind == "lstm":
            params["b"][7:14] += 3  # the forget gates, as they come to be in practice
        try:
            found[kind] = student.gradient_paths.gradient_by_distance(kind, x, params)
        except Failure:  # it is for the tests of that kind to tell
            found[kind] = None
    return found


@pytest.mark.exercise("gradient_by_distance")
def test_rnn(student, draw):
    """One norm a position, for one sentence, one word, several, and where every size is equal.

    Catches: the outputs of every position summed, another output than the last, time reversed, a
    norm per sentence, squares without the root, absolute values, a sum or a mean for the norm.
    """
    for sizes in RECURRENT_SIZES:
        assert_by_distance(student, "rnn", *inputs(draw, "rnn", *sizes))
    check_edges(student, draw, "rnn", 2, 3, 4, 5)


@pytest.mark.exercise("gradient_by_distance")
def test_rnn_far_away(student, draw):
    """Over thirty words the gradient fades by many powers of ten, every one of them right.

    Over more than 256 it need not fade. Catches: float32 inside, a `detach` now and then, an
    epsilon under the root, a limit on the distance.
    """
    x, params = inputs(draw, "rnn", 2, 31, 5, 7)
    params["w_hh"] = torch.linalg.qr(draw.normal(7, 7)).Q  # only the tanh lets it fade
    assert_by_distance(student, "rnn", x, params, elementwise=True, relative=1e-6)
    x, params = inputs(draw, "rnn", 1, 257, 3, 5)
    params["w_hh"] = torch.linalg.qr(draw.normal(5, 5)).Q
    params["b"] /= 100
    assert_by_distance(student, "rnn", x / 20, params, elementwise=True, relative=1e-6)


@pytest.mark.exercise("gradient_by_distance")
def test_rnn_every_call(student, draw):
    """float32, float16 and any strides, new numbers at every call; the arguments stay as they are.

    Catches: float64 returned, states of the default dtype, gradients of an earlier call added.
    """
    check_every_call(student, draw, "rnn", 2, 3, 7, 5)


@pytest.mark.exercise("gradient_by_distance")
def test_lstm(student, draw):
    """The gradient of the state h, not of the cell c, through state and cell of every step.

    Catches: c for h, a cell or a state that is not handed on, the mistakes named for the RNN.
    """
    for sizes in RECURRENT_SIZES:
        assert_by_distance(student, "lstm", *inputs(draw, "lstm", *sizes))
    check_edges(student, draw, "lstm", 2, 3, 4, 5)


@pytest.mark.exercise("gradient_by_distance")
def test_lstm_far_away(student, draw):
    """With forget gates near one, a word 256 steps back is still felt, to the last digit.

    Catches: float32 inside, a `detach` now and then, an epsilon under the root.
    """
    x, params = inputs(draw, "lstm", 1, 257, 5, 3)
    params["b"][3:6] += 7  # the forget gates
    params["b"][:3] -= 3  # the input gates: a cell that is full lets no gradient through
    assert_by_distance(student, "lstm", x, params, elementwise=True, relative=1e-6)


@pytest.mark.exercise("gradient_by_distance")
def test_lstm_every_call(student, draw):
    """float32, float16 and any strides, new numbers at every call; the arguments stay as they are.

    Catches: float64 returned, states of the default dtype, gradients of an earlier call added.
    """
    check_every_call(student, draw, "lstm", 2, 3, 7, 5)


@pytest.mark.exercise("gradient_by_distance")
def test_attention(student, draw, figure):
    """The last word feels itself as query, key and value, every other as key and value.

    Catches: the outputs of every position summed, another output than the last, a norm per
    sentence, the weights of the attention in place of gradients.
    """
    figure("gradient_by_distance", every_kind(student, draw))
    for sizes in ATTENTION_SIZES:
        assert_by_distance(student, "attention", *inputs(draw, "attention", *sizes))
    check_edges(student, draw, "attention", 2, 3, 4, 3, 5)


@pytest.mark.exercise("gradient_by_distance")
def test_attention_every_call(student, draw):
    """float32, float16 and any strides, new numbers at every call; the arguments stay as they are.

    Catches: float64 returned, a result kept, gradients of an earlier call added.
    """
    check_every_call(student, draw, "attention", 2, 5, 11, 7, 3)


# devices


@pytest.mark.exercise("gradient_by_distance", kind="device")
def test_gradient_by_distance_on_a_gpu(student, draw):
    """Each kind. Catches: first states of zeros on the CPU, norms in NumPy."""
    kinds = {"rnn": (2, 3, 5, 4), "lstm": (2, 2, 5, 3), "attention": (2, 7, 5, 4, 3)}
    for kind, sizes in kinds.items():
        assert_by_distance(student, kind, *inputs(draw, kind, *sizes))
