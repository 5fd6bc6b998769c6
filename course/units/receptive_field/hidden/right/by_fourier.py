"""A convolution over time is a product over frequencies."""

import math

import torch


def conv1d(x, w, b, dilation=1):
    length, reach = x.shape[1], (len(w) - 1) * dilation
    size = length + reach
    kernel = torch.zeros(reach + 1, *w.shape[1:], dtype=torch.float64, device=x.device)
    kernel[::dilation] = w.double().flip(0)
    spectrum = torch.einsum(
        "nfi,fio->nfo", torch.fft.rfft(x.double(), size, dim=1), torch.fft.rfft(kernel, size, dim=0)
    )
    y = torch.fft.irfft(spectrum, size, dim=1)
    return (y[:, reach // 2 : reach // 2 + length] + b).to(x.dtype)


def receptive_field(layers):
    first, last = 0, 0
    for kernel, stride, dilation in reversed(list(layers)):
        first, last = first * stride, last * stride + (kernel - 1) * dilation
    return last - first + 1


def layers_to_cover(length, kernel_size, dilation_base=1):
    missing = math.ceil((length - 1) / (kernel_size - 1))  # of the sum of the dilations
    depth = 0
    while missing > 0:
        missing -= dilation_base**depth
        depth += 1
    return depth


def measured_receptive_field(weights, length, dilations):
    """By trying: which input moves the middle output of an impulse, tap for tap?"""
    paths = {(length // 2, channel) for channel in range(weights[-1].shape[2])}
    for w, dilation in zip(weights[::-1], list(dilations)[::-1]):
        taps = [tuple(map(int, tap)) for tap in w.nonzero()]
        paths = {
            (t + (k - len(w) // 2) * dilation, i)
            for k, i, o in taps
            for t, channel in paths
            if channel == o and 0 <= t + (k - len(w) // 2) * dilation < length
        }
    times = sorted(t for t, _ in paths)
    return times[-1] - times[0] + 1
