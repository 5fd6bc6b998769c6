import functools

import torch
from gates import lstm_step
from rnn import rnn
from self_attention import self_attention


def zeros(x, w):
    return x.new_zeros(x.shape[0], w.shape[0])


LAST = {
    "rnn": lambda x, p: rnn(x, zeros(x, p["w_hh"]), p["w_xh"], p["w_hh"], p["b"])[:, -1],
    "lstm": lambda x, p: functools.reduce(
        lambda s, w: lstm_step(w, *s, p["w_x"], p["w_h"], p["b"]), x.unbind(1), (zeros(x, p["w_h"]),) * 2
    )[0],
    "attention": lambda x, p: self_attention(x, **p)[:, -1],
}


def gradient_by_distance(kind, x, params):
    with torch.enable_grad():
        leaf = x.detach().clone().requires_grad_(True)
        (g,) = torch.autograd.grad(LAST[kind](leaf, params).sum(), [leaf])
    return g.transpose(0, 1).flatten(1).norm(dim=1)
