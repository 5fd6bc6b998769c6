"""im2col by torch.nn.functional.unfold, as for a picture one row high."""

from functools import reduce

import torch
import torch.nn.functional as F


def conv1d(x, w, b, dilation=1):
    kernel, d_in, d_out = w.shape
    picture = x.transpose(1, 2).unsqueeze(2)  # (N, D_in, 1, T)
    columns = F.unfold(
        picture, (1, kernel), dilation=(1, dilation), padding=(0, kernel // 2 * dilation)
    )  # (N, D_in * K, T)
    flat = w.transpose(0, 1).reshape(d_in * kernel, d_out)
    return torch.baddbmm(b, columns.mT, flat.expand(len(x), -1, -1))


def receptive_field(layers):
    def one_more(so_far, layer):
        field, jump = so_far
        kernel, stride, dilation = layer
        return field + dilation * jump * (kernel - 1), stride * jump

    return reduce(one_more, layers, (1, 1))[0]


def layers_to_cover(length, kernel_size, dilation_base=1):
    return next(
        depth
        for depth in range(length + 1)
        if receptive_field([(kernel_size, 1, dilation_base**i) for i in range(depth)]) >= length
    )


def measured_receptive_field(weights, length, dilations):
    with torch.enable_grad():
        x = torch.full((1, length, weights[0].shape[1]), 0.5).to(weights[0]).requires_grad_(True)
        y = x
        for number in range(len(weights)):
            w = weights[number]
            y = conv1d(y, w, w.new_zeros(w.shape[-1]), dilations[number])
        out = y.select(1, length // 2)
        out.backward(torch.ones_like(out))
    at = [t for t in range(length) if bool((x.grad[0, t] != 0).any())]
    return 1 + at[-1] - at[0]
