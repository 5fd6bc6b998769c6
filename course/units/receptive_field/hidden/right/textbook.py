import torch


def conv1d(x, w, b, dilation=1):
    N, T, D_in = x.shape
    K = w.shape[0]
    pad = (K // 2) * dilation
    zeros = torch.zeros(N, pad, D_in, dtype=x.dtype, device=x.device)
    padded = torch.cat([zeros, x, zeros], dim=1)
    out = b.expand(N, T, -1)
    for k in range(K):
        start = k * dilation
        out = out + torch.matmul(padded[:, start : start + T, :], w[k])
    return out


def receptive_field(layers):
    size = 1
    for kernel, stride, dilation in reversed(layers):
        size = (size - 1) * stride + (kernel - 1) * dilation + 1
    return size


def layers_to_cover(length, kernel_size, dilation_base=1):
    n = 0
    covered = 1
    dilation = 1
    while covered < length:
        covered = covered + (kernel_size - 1) * dilation
        dilation = dilation * dilation_base
        n = n + 1
    return n


def measured_receptive_field(weights, length, dilations):
    D = weights[0].shape[1]
    x = torch.ones(1, length, D, dtype=weights[0].dtype, device=weights[0].device)
    x.requires_grad_(True)
    y = x
    for i in range(len(weights)):
        y = conv1d(y, weights[i], torch.zeros_like(weights[i][0, 0]), dilations[i])
    y[0, length // 2, :].sum().backward()
    touched = [t for t in range(length) if (x.grad[0, t] != 0).any()]
    return touched[-1] - touched[0] + 1
