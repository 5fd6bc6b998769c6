"""torch.func.vjp, a table of functions, one column of ones."""

import torch
from gates import lstm_step
from rnn import rnn
from self_attention import self_attention


def by_lstm(x, p):
    state = (torch.zeros(len(x), p["w_h"].shape[0], dtype=x.dtype, device=x.device),) * 2
    for t in range(x.shape[1]):
        state = lstm_step(x[:, t], *state, p["w_x"], p["w_h"], p["b"])
    return state[0]


LAST = {
    "rnn": lambda x, p: rnn(x, torch.zeros_like(x[:, 0] @ p["w_xh"]), *p.values())[:, -1, :],
    "lstm": by_lstm,
    "attention": lambda x, p: self_attention(x, *p.values())[:, -1, :],
}


def gradient_by_distance(kind, x, params):
    order = {"rnn": ("w_xh", "w_hh", "b"), "lstm": ("w_x", "w_h", "b"), "attention": ("w_q", "w_k", "w_v")}
    p = {name: params[name] for name in order[kind]}
    last, pull = torch.func.vjp(lambda words: LAST[kind](words, p), x)
    (gradient,) = pull(torch.ones_like(last))
    return torch.linalg.matrix_norm(gradient.transpose(0, 1))
