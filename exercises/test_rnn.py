"""Public tests of the unit `rnn`: run `pytest test_rnn.py`."""

import pytest
import torch

from autograder.testing.compare import assert_close, assert_gradients, assert_unchanged

FIVE = ["x", "h", "w_xh", "w_hh", "b"]


def cell(x, h, w_xh, w_hh, b):
    """One step as torch's RNNCell takes it, which wants its weights transposed and two biases."""
    return torch.rnn_tanh_cell(x, h, w_xh.T, w_hh.T, b, torch.zeros_like(b))


def layer(x, h, w_xh, w_hh, b):
    """All steps as torch's RNN takes them."""
    parameters = (w_xh.T, w_hh.T, b, torch.zeros_like(b))
    return torch.rnn_tanh(x, h[None], parameters, True, 1, 0.0, False, False, True)[0]


def matrix(*rows):
    """A float64 tensor, written row by row."""
    return torch.tensor(rows, dtype=torch.float64)


@pytest.mark.exercise("rnn_step")
def test_rnn_step_by_hand(student):
    """One sentence (N=1), one input (D=1), two hidden units (H=2): you can check it on paper.

    Before the tanh: x·w_xh = [2, -2], h·w_hh = [0, 1] and b = [-1, 0.5] make [1, -0.5].
    Catches: w_hh transposed, bias missing or outside the tanh, no tanh, sigmoid.
    """
    x, h, w_xh = matrix([2.0]), matrix([1.0, 0.0]), matrix([1.0, -1.0])
    w_hh, b = matrix([0.0, 1.0], [3.0, 0.0]), torch.tensor([-1.0, 0.5], dtype=torch.float64)
    got = student.rnn.rnn_step(x, h, w_xh, w_hh, b)
    assert_close(got, matrix([0.761594155955765, -0.462117157260010]))  # tanh(1), tanh(-0.5)


@pytest.mark.exercise("rnn_step")
def test_rnn_step_batch(student, draw):
    """Three sentences at once, each as torch's own cell has it; the arguments stay as they are.

    Catches: x and h swapped, the sentences mixed, h overwritten in place.
    """
    x, h, b = draw.normal(3, 5), draw.normal(3, 7), draw.normal(7)
    w_xh, w_hh = draw.weight(5, 7), draw.weight(7, 7)
    assert_close(student.rnn.rnn_step(x, h, w_xh, w_hh, b), cell(x, h, w_xh, w_hh, b))
    assert_unchanged(student.rnn.rnn_step, x, h, w_xh, w_hh, b)


@pytest.mark.exercise("rnn_step", kind="gradient")
def test_rnn_step_gradient(student, draw):
    """Autograd reaches all five inputs. Catches: `detach`, `.data`, `torch.tensor(...)`."""
    inputs = [draw.normal(2, 3), draw.normal(2, 5), draw.weight(3, 5), draw.weight(5, 5)]
    inputs.append(draw.normal(5))
    assert_gradients(student.rnn.rnn_step, cell, inputs, draw.normal(2, 5), FIVE)


def count_up(steps):
    """A network of one unit, h ← tanh(x + h), the inputs 1, 0, 0, … and the state 0 at first."""
    x = torch.zeros(1, steps, 1, dtype=torch.float64)
    x[0, 0, 0] = 1
    one, zero = matrix([1.0]), matrix([0.0])
    return x, zero, one, one, torch.zeros(1, dtype=torch.float64)


@pytest.mark.exercise("rnn")
def test_rnn_by_hand(student):
    """tanh(1), then tanh of that, then tanh of that: every state is made from the one before.

    Catches: h0 used at every step, only the last state, reversed time, states on the wrong axis.
    """
    states = matrix([0.761594155955765], [0.642014992012000], [0.566269975961480])
    assert_close(student.rnn.rnn(*count_up(3)), states[None])  # (N, T, H) = (1, 3, 1)
    assert_close(student.rnn.rnn(*count_up(1)), states[None, :1])  # (1, 1, 1)


@pytest.mark.exercise("rnn")
def test_rnn_batch(student, draw):
    """Two sentences of eleven words, as torch's own layer has them; all arguments stay.

    Catches: states stacked on the wrong axis, h or x overwritten in place, h0 among the states.
    """
    x, h, b = draw.normal(2, 11, 3), draw.normal(2, 5), draw.normal(5)
    w_xh, w_hh = draw.weight(3, 5), draw.weight(5, 5)
    assert_close(student.rnn.rnn(x, h, w_xh, w_hh, b), layer(x, h, w_xh, w_hh, b))
    assert_unchanged(student.rnn.rnn, x, h, w_xh, w_hh, b)


@pytest.mark.exercise("rnn", kind="gradient")
def test_rnn_gradient(student):
    """The last of three states feels the first word: its gradient is a product of three slopes.

    The slope of tanh is 1 - tanh²: 0.4200 · 0.5878 · 0.6793 = 0.1677, as torch finds as well.
    Catches: a `detach` between the steps.
    """
    cotangent = matrix([0.0], [0.0], [1.0])[None]  # only the last state counts
    assert_gradients(student.rnn.rnn, layer, count_up(3), cotangent, FIVE)


@pytest.mark.exercise("rnn_step", kind="device")
def test_rnn_step_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    args = [
        draw.normal(2, 3),
        draw.normal(2, 5),
        draw.weight(3, 5),
        draw.weight(5, 5),
        draw.normal(5),
    ]
    assert_close(student.rnn.rnn_step(*args), cell(*args))


@pytest.mark.exercise("rnn", kind="device")
def test_rnn_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    x, weights = draw.normal(2, 4, 3), [draw.weight(3, 5), draw.weight(5, 5), draw.normal(5)]
    args = [x, draw.normal(2, 5), *weights]
    assert_close(student.rnn.rnn(*args), layer(*args))
