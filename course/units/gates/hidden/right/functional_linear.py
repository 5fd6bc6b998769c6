"""torch.nn.functional, keyword arguments, tuples; a product from the back by accumulate."""

from functools import partial
from itertools import accumulate
from operator import mul

import torch
import torch.nn.functional as F


def gates_of(x, h, *, w_x, w_h, b_x, b_h=None, blocks):
    from_x = F.linear(input=x, weight=w_x.t(), bias=b_x)
    from_h = F.linear(input=h, weight=w_h.t(), bias=b_h)
    split = partial(torch.chunk, chunks=blocks, dim=1)
    return tuple(zip(split(from_x), split(from_h)))


def lstm_step(x, h, c, w_x, w_h, b):
    parts = gates_of(x, h, w_x=w_x, w_h=w_h, b_x=b, blocks=4)
    i, f, g, o = (F.sigmoid(p + q) if k != 2 else F.tanh(p + q) for k, (p, q) in enumerate(parts))
    c_next = sum((f * c, i * g))
    h_next = o * F.tanh(c_next)
    return h_next, c_next


def gru_step(x, h, w_x, w_h, b_x, b_h):
    (xr, hr), (xz, hz), (xn, hn) = gates_of(
        x, h, w_x=w_x, w_h=w_h, b_x=b_x, b_h=b_h, blocks=3
    )
    keep = F.sigmoid(xz + hz)
    candidate = F.tanh(xn + F.sigmoid(xr + hr) * hn)
    return (1 - keep) * candidate + keep * h


def cell_gradient(forget):
    ones = torch.ones_like(forget[-1])
    products = list(accumulate(forget[1:].flip(0), mul, initial=ones))
    return torch.stack(products[::-1])
