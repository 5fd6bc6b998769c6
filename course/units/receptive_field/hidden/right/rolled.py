"""Whole sequences rolled, with what came round at the end set to zero; float64 inside."""

import torch


def conv1d(x, w, b, dilation=1):
    dtype, length = x.dtype, x.shape[1]
    x, w, b = x.double(), w.double(), b.double()
    reach = w.shape[0] // 2 * dilation
    x = torch.cat([x, x.new_zeros(x.shape[0], 2 * reach, x.shape[2])], 1)
    rolled = torch.stack([x.roll(reach - k * dilation, 1) for k in range(len(w))])  # K, N, T+, D
    return torch.tensordot(rolled, w, dims=([0, 3], [0, 1]))[:, :length].add(b).to(dtype)


def receptive_field(layers):
    widths = [1] * (len(layers) + 1)
    for i in range(len(layers) - 1, -1, -1):
        kernel, stride, dilation = layers[i]
        widths[i] = stride * (widths[i + 1] - 1) + dilation * (kernel - 1) + 1
    return widths[0]


def layers_to_cover(length, kernel_size, dilation_base=1):
    gap, dilation = length - 1, 1
    if gap <= 0:
        return 0

    def more(gap, dilation):
        gap -= (kernel_size - 1) * dilation
        return 1 if gap <= 0 else 1 + more(gap, dilation * dilation_base)

    return more(gap, dilation)


def measured_receptive_field(weights, length, dilations):
    x = torch.ones(1, length, weights[0].shape[1], dtype=torch.float64, device=weights[0].device)
    x.requires_grad_()
    y = x * 1
    for w, d in zip(weights, dilations, strict=True):
        y = conv1d(y, w, torch.zeros(w.shape[2], device=w.device), d)
    (gradient,) = torch.autograd.grad(y[:, length // 2], x, torch.ones_like(y[:, 0]))
    felt = gradient[0].abs().amax(1).bool().int()
    first, last = felt.argmax(), length - 1 - felt.flip(0).argmax()
    return (last - first).item() + 1
