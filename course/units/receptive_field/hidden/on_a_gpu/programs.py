"""What a GPU would refuse in the unit `receptive_field`, and what it would not: see `attention`."""

import torch
import torch.nn.functional as F


def conv1d__padded_in_a_buffer(x, w, b, dilation=1):
    """-> torch.zeros(x.shape[0]"""
    length, reach = x.shape[1], w.shape[0] // 2 * dilation
    padded = torch.zeros(x.shape[0], length + 2 * reach, x.shape[2], dtype=x.dtype)
    padded[:, reach : reach + length] = x
    return sum(padded[:, k * dilation : k * dilation + length] @ w_k for k, w_k in enumerate(w)) + b


def conv1d__zeros_beside(x, w, b, dilation=1):
    """-> torch.zeros(len(x), reach"""
    length, reach = x.shape[1], w.shape[0] // 2 * dilation
    edge = torch.zeros(len(x), reach, x.shape[2], dtype=x.dtype)
    padded = torch.cat([edge, x, edge], 1)
    return sum(padded[:, k * dilation : k * dilation + length] @ w_k for k, w_k in enumerate(w)) + b


def conv1d__an_output_on_the_cpu(x, w, b, dilation=1):
    """-> torch.zeros(*x.shape[:2]"""
    length, reach = x.shape[1], w.shape[0] // 2 * dilation
    padded = F.pad(x, (0, 0, reach, reach))
    out = torch.zeros(*x.shape[:2], w.shape[2], dtype=x.dtype)
    for k, w_k in enumerate(w):
        out = out + padded[:, k * dilation : k * dilation + length] @ w_k
    return out + b


def measured_receptive_field__an_input_on_the_cpu(weights, length, dilations):
    """-> torch.zeros(1, length"""
    width = weights[0].shape[1]
    x = torch.zeros(1, length, width, dtype=weights[0].dtype, requires_grad=True)
    y = x
    for w, dilation in zip(weights, dilations):
        y = conv1d(y, w, w.new_zeros(width), dilation)
    (gradient,) = torch.autograd.grad(y[0, length // 2].sum(), x)
    felt = gradient[0].any(-1).nonzero()
    return int(felt[-1] - felt[0]) + 1


def measured_receptive_field__to_numpy(weights, length, dilations):
    """-> gradient[0].abs().sum(-1).numpy()"""
    width = weights[0].shape[1]
    x = weights[0].new_zeros(1, length, width).requires_grad_()
    y = x
    for w, dilation in zip(weights, dilations):
        y = conv1d(y, w, w.new_zeros(width), dilation)
    (gradient,) = torch.autograd.grad(y[0, length // 2].sum(), x)
    felt = gradient[0].abs().sum(-1).numpy().nonzero()[0]
    return int(felt[-1] - felt[0]) + 1


def measured_receptive_field__by_lists(weights, length, dilations):
    """To look at numbers makes the CPU wait, and is allowed. ->"""
    width = weights[0].shape[1]
    x = weights[0].new_zeros(1, length, width).requires_grad_()
    y = x
    for w, dilation in zip(weights, dilations):
        y = conv1d(y, w, w.new_zeros(width), dilation)
    (gradient,) = torch.autograd.grad(y[0, length // 2].sum(), x)
    felt = [t for t in range(length) if gradient[0, t].any().item()]
    return felt[-1] - felt[0] + 1
