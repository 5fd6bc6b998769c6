"""The words of all positions are multiplied at once, as libraries do."""

import torch


def rnn_step(x, h, w_xh, w_hh, b):
    return torch.tanh(torch.nn.functional.linear(x, w_xh.t(), b) + h.matmul(w_hh))


def rnn(x, h, w_xh, w_hh, b):
    projected = torch.tensordot(x, w_xh, dims=1) + b
    states = [h]
    for t in range(x.shape[1]):
        states.append(torch.tanh(projected[:, t].addmm(states[-1], w_hh)))
    return torch.stack(states[1:], dim=-2)
