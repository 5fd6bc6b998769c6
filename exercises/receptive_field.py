"""How far a convolution sees: its receptive field.

A convolution takes all positions at once, with no waiting from word to word. But one output sees
only a window of the input, and a few layers make it only a little wider. Write the convolution,
work out how wide the window is, how many layers a sentence needs, and measure it with a gradient.

For every function: a result has the dtype and device of what it is made from (float16, too), right
to eight digits in float64; no argument is changed; nothing is kept between calls; sizes go from 1
to hundreds; tensors need not be contiguous; zeros are numbers like any other; large ones must not
overflow on the way; and autograd reaches every input.

Test with `pytest test_receptive_field.py`.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F


def conv1d(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, dilation: int = 1) -> torch.Tensor:
    """A convolution over time that keeps the length.

    Output t is b plus the sum over k of x[:, t + (k - K//2)·dilation] @ w[k], where positions
    outside the sequence count as zeros: a cross-correlation, as in torch, so w[0] meets the past.

    x: (N, T, D_in).
    w: (K, D_in, D_out), K odd. b: (D_out,).
    dilation: the distance between the positions that neighbouring taps look at, at least 1.
    Returns (N, T, D_out), of the dtype and on the device of x.
    Write it yourself: `torch.nn.functional.conv1d` is what you are building. A loop over the K
    taps is all it takes; one over T or N costs no points, but time.
    Source: van den Oord et al. 2016 (WaveNet), section 2.1 (dilation).
    """
    raise NotImplementedError  # replace this line with your code


def receptive_field(layers: Sequence[tuple[int, int, int]]) -> int:
    """Count the neighbouring inputs from the first to the last that one output depends on.

    layers: (kernel, stride, dilation) of each layer, the one next to the input first; a pooling
        of two is (2, 2, 1).
    Returns the width of the window in the input, gaps included.
    Source: Araujo et al. 2019, "Computing Receptive Fields of Convolutional Neural Networks".
    """
    raise NotImplementedError  # replace this line with your code


def layers_to_cover(length: int, kernel_size: int, dilation_base: int = 1) -> int:
    """Count the fewest stride-1 layers whose receptive field is at least `length`.

    length: at least 1; for length 1 no layer is needed.
    kernel_size: of every layer, odd, at least 3.
    dilation_base: layer i = 0, 1, 2, … has the dilation dilation_base**i; 1 dilates none.
    Source: van den Oord et al. 2016, section 2.1.
    """
    raise NotImplementedError  # replace this line with your code


def measured_receptive_field(
    weights: Sequence[torch.Tensor], length: int, dilations: Sequence[int]
) -> int:
    """Measure what the middle output of a linear stack of `conv1d` (without biases) depends on.

    weights: (K, D, D) for each layer, the one next to the input first; K may differ.
    length: T, the length of the sequence, at least 1.
    dilations: one for each layer.
    Returns last - first + 1 of the input positions at which the gradient of the output at position
    length // 2 is not zero. It is less than `receptive_field` promises where the window sticks out
    of the sequence, or where weights are zero.
    Source: Luo et al. 2016, "Understanding the Effective Receptive Field".
    """
    raise NotImplementedError  # replace this line with your code
