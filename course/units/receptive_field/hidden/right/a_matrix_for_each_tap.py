"""The convolution as matrices over time: for each tap one that shifts."""

import bisect

import torch


def shifts(length, kernel, dilation, like):
    """(K, T, T): entry [k, t, s] is 1 where output t meets input s at tap k."""
    t = torch.arange(length, device=like.device)
    k = torch.arange(kernel, device=like.device) - kernel // 2
    return (t[:, None] + k[:, None, None] * dilation == t).to(like.dtype)


def conv1d(x, w, b, dilation=1):
    return torch.einsum("kts,nsi,kio->nto", shifts(x.shape[1], len(w), dilation, x), x, w) + b


def receptive_field(layers):
    if not layers:
        return 1
    *below, (kernel, _, dilation) = layers
    jump = 1
    for _, stride, _ in below:
        jump *= stride
    return receptive_field(below) + (kernel - 1) * dilation * jump


class Depths:
    """The receptive field by depth, as a sequence that bisect can search."""

    def __init__(self, kernel_size, base):
        self.kernel_size, self.base = kernel_size, base

    def __len__(self):
        return 1 << 20

    def __getitem__(self, depth):
        if self.base == 1:
            return 1 + (self.kernel_size - 1) * depth
        depth = min(depth, 64)
        return 1 + (self.kernel_size - 1) * ((self.base**depth - 1) // (self.base - 1))


def layers_to_cover(length, kernel_size, dilation_base=1):
    return bisect.bisect_left(Depths(kernel_size, dilation_base), length)


def measured_receptive_field(weights, length, dilations):
    row = torch.zeros(length, 1, dtype=torch.bool, device=weights[0].device)
    row[length // 2] = True
    seen = row.expand(-1, weights[-1].shape[2]).to(weights[0])
    for w, dilation in reversed([*zip(weights, dilations)]):
        hands = shifts(length, len(w), dilation, w)
        seen = torch.einsum("kts,to,kio->si", hands, seen, w.ne(0).to(w)).gt(0).to(w)
    where = seen.any(1).nonzero().flatten()
    return int(where.max() - where.min() + 1)
