"""itertools knows this walk."""

from functools import partial
from itertools import accumulate, islice

import torch


def rnn_step(x, h, w_xh, w_hh, b):
    return (x @ w_xh).add(h @ w_hh).add(b).tanh()


def rnn(x, h, w_xh, w_hh, b):
    step = partial(rnn_step, w_xh=w_xh, w_hh=w_hh, b=b)
    states = accumulate(x.movedim(1, 0), lambda state, word: step(word, state), initial=h)
    return torch.stack(tuple(islice(states, 1, None)), dim=1)
