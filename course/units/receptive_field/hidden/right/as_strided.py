"""Windows as a view with strides of its own, vmapped over the sentences."""

import torch
from math import prod


def windows(sentence, kernel, dilation):
    """(T, D) to (T, K, D), without a copy of the padded sentence."""
    length, width = sentence.shape
    reach = kernel // 2 * dilation
    zeros = torch.zeros_like(sentence[:1]).expand(reach, width)
    padded = torch.cat([zeros, sentence, zeros]).contiguous()
    return padded.as_strided((length, kernel, width), (width, dilation * width, 1))


def conv1d(x, w, b, dilation=1):
    kernel = w.shape[0]
    rows = [windows(sentence, kernel, dilation).reshape(len(sentence), -1) for sentence in x]
    return torch.stack(rows).matmul(w.reshape(-1, w.shape[-1])) + b


def receptive_field(layers):
    kernels, strides, dilations = zip(*layers)
    return 1 + sum(
        dilation * (kernel - 1) * prod(strides[:i])
        for i, (kernel, dilation) in enumerate(zip(kernels, dilations))
    )


def layers_to_cover(length, kernel_size, dilation_base=1):
    for depth in range(length):
        if 1 + sum((kernel_size - 1) * dilation_base**i for i in range(depth)) >= length:
            return depth
    return length


def measured_receptive_field(weights, length, dilations):
    middle = torch.zeros(1, length, weights[-1].shape[2]).to(weights[-1])
    middle[0, length // 2] = 1
    for w, dilation in reversed(list(zip(weights, dilations))):
        # backwards: the taps in the other order, and inputs for outputs
        adjoint = w.flip(0).transpose(1, 2)
        middle = conv1d(middle, adjoint, w.new_zeros(w.shape[1]), dilation)
    at = middle[0].any(-1).nonzero()
    return at[-1].item() - at[0].item() + 1
