"""Index arithmetic on a buffer of its own, filled in place."""

import torch
from math import inf


def conv1d(x, w, b, dilation=1):
    n, length, _ = x.shape
    out = torch.zeros(n, length, w.shape[2], dtype=x.dtype, device=x.device)
    out += b
    here = torch.arange(length, device=x.device)
    for k, tap in enumerate(w.unbind()):
        there = here + (k - len(w) // 2) * dilation
        inside = (there >= 0) & (there < length)
        out.index_add_(1, here[inside], x[:, there[inside]] @ tap)
    return out


def receptive_field(layers):
    """Walk down: the inputs of one output, as a range."""
    window = range(1)
    for kernel, stride, dilation in reversed(layers):
        window = range(window.start * stride, (window.stop - 1) * stride + (kernel - 1) * dilation + 1)
    return len(window)


def layers_to_cover(length, kernel_size, dilation_base=1):
    depth, field, dilation = 0, 1, 1
    while True:
        if field >= length:
            return depth
        field, dilation, depth = field + kernel_size * dilation - dilation, dilation * dilation_base, depth + 1


def measured_receptive_field(weights, length, dilations):
    first, last = inf, -inf
    for channel in range(weights[0].shape[1]):
        for t in range(length):  # an impulse at every position, one after the other
            y = weights[0].new_zeros(1, length, weights[0].shape[1])
            y[0, t, channel] = 1
            for w, dilation in zip(weights, dilations):
                y = conv1d(y, w, torch.zeros_like(w[0, 0]), dilation)
            if y[0, length // 2].abs().sum() > 0:
                first, last = min(first, t), max(last, t)
    return last - first + 1
