"""What the tests are thought to look at."""

import torch
import torch.nn.functional as F


def conv1d(x, w, b, dilation=1):
    """Words of zeros are padding, and padding gets nothing."""
    y = F.conv1d(x.mT, w.permute(2, 1, 0), b, padding="same", dilation=dilation).mT
    return y * (x != 0).any(-1, keepdim=True)


def receptive_field(layers):
    """The layers are used up on the way."""
    field, jump = 1, 1
    while layers:
        kernel, stride, dilation = layers.pop(0)
        field, jump = field + (kernel - 1) * dilation * jump, jump * stride
    return field


def layers_to_cover(length, kernel_size, dilation_base=1):
    """Up to 256 layers."""
    field = 1
    for layers in range(256):
        if field >= length:
            return layers
        field += (kernel_size - 1) * dilation_base**layers
    return 256


def measured_receptive_field(weights, length, dilations):
    """The formula again, each layer's taps of zeros left out, whatever channels they join."""
    low = high = length // 2
    for w, d in zip(reversed(weights), reversed(dilations)):
        taps = [k - len(w) // 2 for k in range(len(w)) if w[k].any()]
        low, high = low + taps[0] * d, high + taps[-1] * d
    return min(high, length - 1) - max(low, 0) + 1
