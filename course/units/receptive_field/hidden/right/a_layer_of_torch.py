"""torch's Conv1d with these weights; generators; the span by a call's gradient."""

import itertools

import torch
from torch.func import functional_call


def conv1d(x, w, b, dilation=1):
    layer = torch.nn.Conv1d(*w.shape[1:], w.shape[0], padding="same", dilation=dilation, device="meta")
    weights = {"weight": w.permute(2, 1, 0), "bias": b}
    return functional_call(layer, weights, (x.movedim(-1, -2),)).movedim(-2, -1)


def receptive_field(layers):
    strides = itertools.accumulate((s for _, s, _ in layers), lambda a, b: a * b, initial=1)
    return 1 + sum((k - 1) * d * jump for (k, _, d), jump in zip(layers, strides))


def layers_to_cover(length, kernel_size, dilation_base=1):
    steps = ((kernel_size - 1) * dilation_base**i for i in itertools.count())
    fields = itertools.accumulate(steps, initial=1)
    return sum(1 for _ in itertools.takewhile(lambda field: field < length, fields))


def measured_receptive_field(weights, length, dilations):
    width = weights[0].shape[-1]
    no_bias = torch.zeros(width, dtype=weights[0].dtype, device=weights[0].device)

    def middle(x):
        for w, dilation in zip(weights, dilations):
            x = conv1d(x, w, no_bias, dilation=dilation)
        return x[:, length // 2].sum()

    felt = torch.func.grad(middle)(torch.zeros_like(no_bias).expand(1, length, width))
    (where,) = torch.where(felt.ne(0).any(2)[0])
    return where[-1].sub(where[0]).add(1).item()
