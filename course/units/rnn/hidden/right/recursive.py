"""A sentence is its first word and the rest."""

import torch


def rnn_step(x, h, w_xh, w_hh, b):
    a = x.matmul(w_xh) + h.matmul(w_hh)
    return torch.tanh(torch.add(a, b.expand_as(a)))


def rnn(x, h, w_xh, w_hh, b):
    h = rnn_step(x[:, 0], h, w_xh, w_hh, b)
    if x.shape[1] == 1:
        return h.unsqueeze(1)
    return torch.cat([h.unsqueeze(1), rnn(x[:, 1:], h, w_xh, w_hh, b)], dim=1)
