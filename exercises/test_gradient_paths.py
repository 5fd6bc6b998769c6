"""Public tests of the unit `gradient_paths`: run `pytest test_gradient_paths.py`."""

import pytest
import torch

from autograder.testing.compare import assert_close, assert_equal, assert_unchanged


def numbers(*rows):
    """A float64 tensor, written number by number or row by row."""
    return torch.tensor(rows, dtype=torch.float64)


def wave(first, *shape):
    """Some float64 numbers between -1 and 1: sin(first), sin(first + 1), sin(first + 2), …"""
    return (first + torch.arange(torch.Size(shape).numel()).double()).sin().reshape(shape)


@pytest.mark.exercise("gradient_by_distance")
def test_rnn_by_hand(student):
    """One unit, h ← tanh(x + h), the inputs 1, 0, 0: the gradient shrinks with every step back.

    The slopes of the three steps are 0.4200, 0.5878 and 0.6793. The last input passes the last
    one, the input before it the last two (0.5878 · 0.6793 = 0.3993), the first one all three.
    Catches: time reversed, the states of all steps added up, a `detach` between the steps.
    """
    x, one = numbers([1.0], [0.0], [0.0])[None], numbers([1.0])
    params = {"w_xh": one, "w_hh": one, "b": torch.zeros(1, dtype=torch.float64)}
    got = student.gradient_paths.gradient_by_distance("rnn", x, params)
    assert_close(got, numbers(0.167706858769, 0.399326440098, 0.679338314325))


@pytest.mark.exercise("gradient_by_distance")
def test_attention_by_hand(student):
    """Queries and keys of zero give equal weights: each of four words is felt by 3/4, near or far.

    Two equal sentences: a norm over both is √2 times that of one.
    Catches: a norm for every sentence, their mean or sum, the outputs of all positions added up.
    """
    x = numbers([1.0], [2.0], [3.0], [4.0]).expand(2, 4, 1)  # (N, T, D)
    params = {"w_q": numbers([0.0]), "w_k": numbers([0.0]), "w_v": numbers([3.0])}
    got = student.gradient_paths.gradient_by_distance("attention", x, params)
    assert_close(got, numbers(*[0.75 * 2**0.5] * 4))


@pytest.mark.exercise("gradient_by_distance")
def test_lstm_numbers(student):
    """Two sentences of four words, D=3, H=2, as torch's own LSTM has them; the arguments stay.

    Catches: the gradient of the cell in place of the state's, state or cell not handed on.
    """
    x = wave(0, 2, 4, 3)
    params = {"w_x": wave(1, 3, 8), "w_h": wave(2, 2, 8), "b": wave(3, 8)}
    got = student.gradient_paths.gradient_by_distance("lstm", x, params)
    assert_close(got, numbers(0.01747461192, 0.10560863240, 0.08291994952, 0.69856223780))
    assert_unchanged(student.gradient_paths.gradient_by_distance, "lstm", x, params)


@pytest.mark.exercise("gradient_by_distance")
def test_attention_numbers(student):
    """Two sentences of four words, D=3, d_k=2, d_v=5, as torch's own attention has them.

    Catches: another output than the last, the weights of the attention in place of a gradient.
    """
    x = wave(0, 2, 4, 3)
    params = {"w_q": wave(1, 3, 2), "w_k": wave(2, 3, 2), "w_v": wave(3, 3, 5)}
    got = student.gradient_paths.gradient_by_distance("attention", x, params)
    assert_close(got, numbers(0.31308103262, 1.06972563709, 0.42155404454, 1.55339671235))
    assert_unchanged(student.gradient_paths.gradient_by_distance, "attention", x, params)


@pytest.mark.exercise("gradient_by_distance", kind="device")
def test_gradient_by_distance_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    x, weights = draw.normal(1, 4, 3), [draw.weight(3, 2) for _ in range(3)]
    params = dict(zip(["w_q", "w_k", "w_v"], weights, strict=True))
    got = student.gradient_paths.gradient_by_distance("attention", x, params)
    assert_equal(list(got.shape), [4], name="the shape")
