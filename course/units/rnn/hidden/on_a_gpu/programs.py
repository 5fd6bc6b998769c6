"""What a GPU would refuse in the unit `rnn`, and what it would not: see `attention`."""

import numpy as np
import torch


def rnn_step__numpy(x, h, w_xh, w_hh, b):
    """-> np.tanh("""
    return torch.tensor(np.tanh(x @ w_xh + h @ w_hh + b))


def rnn_step__a_column_of_ones(x, h, w_xh, w_hh, b):
    """-> torch.ones(len(x), 1"""
    ones = torch.ones(len(x), 1, dtype=x.dtype)
    return torch.tanh(x @ w_xh + h @ w_hh + ones @ b[None])


def rnn_step__a_cell_of_torch(x, h, w_xh, w_hh, b):
    """-> cell(x, h)"""
    cell = torch.nn.RNNCell(*w_xh.shape, dtype=x.dtype)
    return cell(x, h)


def rnn__states_into_a_buffer(x, h, w_xh, w_hh, b):
    """-> torch.empty(x.shape[0]"""
    states = torch.empty(x.shape[0], x.shape[1], h.shape[1], dtype=x.dtype)
    for t in range(x.shape[1]):
        h = rnn_step(x[:, t], h, w_xh, w_hh, b)
        states[:, t] = h
    return states


def rnn__a_buffer_like_another(x, h, w_xh, w_hh, b):
    """It is where h is. ->"""
    states = h.new_empty(x.shape[0], x.shape[1], h.shape[1])
    for t in range(x.shape[1]):
        h = rnn_step(x[:, t], h, w_xh, w_hh, b)
        states[:, t] = h
    return states


def rnn__words_by_a_cpu_index(x, h, w_xh, w_hh, b):
    """-> torch.tensor([t])"""
    states = []
    for t in range(x.shape[1]):
        word = torch.tensor([t])
        h = rnn_step(x.index_select(1, word)[:, 0], h, w_xh, w_hh, b)
        states.append(h)
    return torch.stack(states, 1)
