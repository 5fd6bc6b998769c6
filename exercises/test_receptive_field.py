"""Public tests of the unit `receptive_field`: run `pytest test_receptive_field.py`."""

import pytest
import torch

from autograder.testing.compare import (
    assert_close,
    assert_equal,
    assert_gradients,
    assert_unchanged,
)


def column(*numbers):
    """Numbers along the middle axis: one sentence of width 1, or a kernel of one channel."""
    return torch.tensor(numbers, dtype=torch.float64)[:, None]


def one_channel(x, w, b=0.0):
    """Arguments of conv1d for a single sentence, one channel in and one out."""
    return column(*x)[None], column(*w)[..., None], torch.tensor([b], dtype=torch.float64)


@pytest.mark.exercise("conv1d")
def test_conv1d_by_hand(student):
    """A single 1 shows the kernel: the output before it meets the last tap, the one after it w[0].

    Catches: kernel flipped, dilation ignored, padding on one side only, no bias.
    """
    x, w, b = one_channel([0, 0, 1, 0, 0, 0], [10, 20, 30], 1)
    got = student.receptive_field.conv1d(x, w, b)
    assert_close(got, column(1, 31, 21, 11, 1, 1)[None])
    got = student.receptive_field.conv1d(x, w, b, dilation=2)
    assert_close(got, column(31, 1, 21, 1, 11, 1)[None])


@pytest.mark.exercise("conv1d")
def test_conv1d_at_the_borders(student):
    """Outside the sequence there are zeros; the length stays, even where the kernel is longer.

    Catches: padding too much or too little, positions taken from the other end.
    """
    got = student.receptive_field.conv1d(*one_channel([1, 2, 3], [1, 1, 1]))
    assert_close(got, column(3, 6, 5)[None])
    got = student.receptive_field.conv1d(*one_channel([1, 2], [1, 10, 100, 1000, 10000]))
    assert_close(got, column(2100, 210)[None])


@pytest.mark.exercise("conv1d")
def test_conv1d_channels(student, draw):
    """A kernel of one tap is a matrix for every position; the arguments stay as they are.

    Catches: input and output channels swapped, sentences mixed, x overwritten in place.
    """
    x, w, b = draw.normal(2, 11, 3), draw.normal(1, 3, 5), draw.normal(5)
    assert_close(student.receptive_field.conv1d(x, w, b), x @ w[0] + b)
    assert_unchanged(student.receptive_field.conv1d, x, draw.normal(3, 3, 5), b, 2)


@pytest.mark.exercise("conv1d", kind="gradient")
def test_conv1d_gradient(student, draw):
    """The middle of three positions feels all of them: its gradient is the kernel.

    Catches: a `detach`, `.data`, `.item()` on the way.
    """

    def three_taps(x, w, b):
        none = torch.zeros_like(x[:, :1])
        before, after = torch.cat([none, x[:, :-1]], 1), torch.cat([x[:, 1:], none], 1)
        return before * w[0, 0] + x * w[1, 0] + after * w[2, 0] + b

    arguments = one_channel(draw.normal(3).tolist(), [2, 3, 5])
    cotangent = column(0, 1, 0)[None]
    names = ["x", "w", "b"]
    assert_gradients(student.receptive_field.conv1d, three_taps, arguments, cotangent, names)


@pytest.mark.exercise("receptive_field")
def test_receptive_field_plain(student):
    """Five layers see only tens of words: 11 with kernels of 3, 41 with kernels of 9.

    Catches: a start at 0, dilation ignored, K·dilation for (K-1)·dilation.
    """
    for layers, expected in [
        ([(3, 1, 1)] * 5, 11),
        ([(9, 1, 1)] * 5, 41),
        ([(3, 1, 1), (3, 1, 2), (3, 1, 4)], 15),  # 3, then 4 more, then 8 more
        ([(1, 1, 1)], 1),
    ]:
        got = student.receptive_field.receptive_field(layers)
        assert_equal(got, expected, name=f"the receptive field of {layers}")


@pytest.mark.exercise("receptive_field")
def test_receptive_field_strides(student):
    """After a pooling of two, three neighbours cover six words; before it, three and one more.

    Catches: the layer's own stride, the stride applied one layer early, strides ignored.
    """
    for layers, expected in [
        ([(2, 2, 1), (3, 1, 1)], 6),
        ([(3, 1, 1), (2, 2, 1)], 4),
        ([(2, 2, 1), (2, 2, 1), (2, 2, 1)], 8),
        ([(3, 2, 1), (3, 1, 4)], 19),  # 3, then 2 gaps of 4 positions, each 2 words further
    ]:
        got = student.receptive_field.receptive_field(layers)
        assert_equal(got, expected, name=f"the receptive field of {layers}")


@pytest.mark.exercise("layers_to_cover")
def test_layers_to_cover(student):
    """Kernels of 3 see 3, 5, 7, … words without dilation, and 3, 9, 27, … with a base of 3.

    Catches: one layer too many or too few, dilation ignored, a layer for length 1.
    """
    for arguments, expected in [
        ((1, 3), 0),
        ((3, 3), 1),
        ((4, 3), 2),
        ((11, 3), 5),
        ((101, 3), 50),  # dozens of layers for one long sentence
        ((9, 3, 3), 2),
        ((10, 3, 3), 3),
        ((15, 3, 2), 3),
        ((16, 3, 2), 4),
    ]:
        got = student.receptive_field.layers_to_cover(*arguments)
        assert_equal(got, expected, name=f"layers_to_cover{arguments}")


@pytest.mark.exercise("measured_receptive_field")
def test_measured_receptive_field(student, draw):
    """Two layers of kernel 3 see 5 words, or 9 with dilations 1 and 3, but no more than there are.

    Catches: the formula in place of a measurement, dilation ignored, an end left out.
    """
    weights = [draw.normal(3, 2, 2), draw.normal(3, 2, 2)]
    for length, dilations, expected in [(31, [1, 1], 5), (31, [1, 3], 9), (7, [1, 3], 7)]:
        got = student.receptive_field.measured_receptive_field(weights, length, dilations)
        assert_equal(got, expected, name=f"length {length}, dilations {dilations}: the result")


@pytest.mark.exercise("measured_receptive_field")
def test_measured_receptive_field_of_zeros(student):
    """Kernels that are zero but for the past and the present see no future: 3 words, not 5.

    Catches: the formula in place of a measurement, `gradient > 0`, the kernel flipped.
    """
    w = column(-2, 3, 0)[..., None]  # (K, D, D) = (3, 1, 1)
    got = student.receptive_field.measured_receptive_field([w, w], 11, [1, 1])
    assert_equal(got, 3)
    got = student.receptive_field.measured_receptive_field([w, w], 2, [1, 1])  # the middle is x[1]
    assert_equal(got, 2)


@pytest.mark.exercise("conv1d", kind="device")
def test_conv1d_on_a_gpu(student, draw):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    x, w, b = draw.normal(2, 7, 3), draw.normal(3, 3, 5), draw.normal(5)
    expected = torch.nn.functional.conv1d(x.mT, w.permute(2, 1, 0), b, padding=1).mT
    assert_close(student.receptive_field.conv1d(x, w, b), expected)


@pytest.mark.exercise("measured_receptive_field", kind="device")
def test_measured_receptive_field_on_a_gpu(student):
    """On a pretend one. Catches: a tensor that is made on the CPU."""
    weights = [torch.ones(3, 2, 2, dtype=torch.float64)] * 2
    assert_equal(student.receptive_field.measured_receptive_field(weights, 11, [1, 2]), 7)
