"""One product of both inputs, joined, with both matrices, joined."""

import torch


def rnn_step(x, h, w_xh, w_hh, b):
    both = torch.cat((x, h), dim=1)
    weights = torch.vstack((w_xh, w_hh))
    return (both @ weights + b).tanh()


def rnn(x, h, w_xh, w_hh, b):
    states = [h]
    for word in x.unbind(1):
        states += [rnn_step(word, states[-1], w_xh, w_hh, b)]
    return torch.stack(states[1:], 1)
