"""torch.nn.functional, whose weights are transposed."""

import torch
import torch.nn.functional as F


def rnn_step(x, h, w_xh, w_hh, b):
    return torch.tanh(F.linear(x, w_xh.t(), b) + F.linear(h, w_hh.t()))


def rnn(x, h, w_xh, w_hh, b):
    words = F.linear(x, w_xh.t(), b).transpose(0, 1)
    states = []
    for word in words:
        h = torch.tanh(torch.baddbmm(word[None], h[None], w_hh[None])[0])
        states.append(h)
    return torch.stack(states, dim=-2)
