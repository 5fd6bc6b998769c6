"""Fused products, and states written into a tensor made beforehand."""

import torch


def rnn_step(x, h, w_xh, w_hh, b):
    return torch.addmm(torch.addmm(b, x, w_xh), h, w_hh).tanh()


def rnn(x, h, w_xh, w_hh, b):
    n, length, _ = x.size()
    states = x.new_zeros(n, length, h.size(-1))
    for t in range(length):
        h = rnn_step(x=x[:, t, :], h=h, w_xh=w_xh, w_hh=w_hh, b=b)
        states[:, t] = h
    return states
