"""In place, but on tensors of its own."""

import torch


def rnn_step(x, h, w_xh, w_hh, b):
    a = x @ w_xh
    a += h @ w_hh
    a += b
    return a.tanh_()


def rnn(x, h, w_xh, w_hh, b):
    inputs = torch.einsum("ntd,dh->nth", x, w_xh).clone()
    inputs.add_(b)
    states = []
    h = h.clone()
    for t in range(inputs.shape[1]):
        h = (inputs[:, t] + torch.mm(h, w_hh)).tanh_()
        states.append(h)
    return torch.cat([state[:, None, :] for state in states], 1)
