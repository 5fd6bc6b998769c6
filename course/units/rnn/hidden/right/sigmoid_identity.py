"""tanh through the logistic function."""

import torch


def squash(a):
    return 2 * torch.sigmoid(2 * a) - 1


def rnn_step(x, h, w_xh, w_hh, b):
    return squash(b + h @ w_hh + x @ w_xh)


def rnn(x, h, w_xh, w_hh, b):
    states = ()
    for t in range(len(x[0])):
        h = rnn_step(x[:, t], h, w_xh, w_hh, b)
        states = (*states, h)
    return torch.stack(states, 1)
