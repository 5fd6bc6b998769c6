import torch
from rnn import rnn
from gates import lstm_step
from self_attention import self_attention


def last(x, kind, p):
    if kind == "rnn":
        return rnn(x, x.new_zeros(len(x), len(p["w_hh"])), p["w_xh"], p["w_hh"], p["b"])[
            :, -1
        ].sum()
    if kind == "attention":
        return self_attention(x, p["w_q"], p["w_k"], p["w_v"], True)[:, -1].sum()
    h = c = x.new_zeros(len(x), len(p["w_h"]))
    for w in x.unbind(1):
        h, c = lstm_step(w, h, c, p["w_x"], p["w_h"], p["b"])
    return h.sum()


def gradient_by_distance(kind, x, params):
    g = torch.func.grad(last)(x, kind, params)
    return torch.stack([g[:, t].norm() for t in range(x.shape[1])])
