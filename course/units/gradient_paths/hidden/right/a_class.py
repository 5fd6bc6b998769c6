"""A class a kind of layer; states of an LSTM as a named tuple; one norm by hypot."""

from collections import namedtuple
from functools import reduce

import torch
from gates import lstm_step
from rnn import rnn
from self_attention import self_attention

State = namedtuple("State", "h c")


class Path:
    def __init__(self, params):
        self.__dict__.update(params)

    def measure(self, x):
        with torch.enable_grad():
            own = torch.empty_like(x).copy_(x).requires_grad_()
            self.last(own).sum().backward(inputs=[own])
        parts = own.grad.transpose(0, 1).reshape(x.shape[1], -1).unbind(1)
        return reduce(torch.hypot, parts, torch.zeros_like(own.grad[0, :, 0]))


class RNN(Path):
    def last(self, x):
        return rnn(x, x.new_zeros(len(x), self.w_hh.size(1)), self.w_xh, self.w_hh, self.b)[:, -1]


class LSTM(Path):
    def last(self, x):
        state = State(*x.new_zeros(2, len(x), self.w_h.size(0)))
        for word in x.movedim(1, 0):
            state = State(*lstm_step(word, state.h, state.c, self.w_x, self.w_h, self.b))
        return state.h


class Attention(Path):
    def last(self, x):
        return self_attention(x, self.w_q, self.w_k, self.w_v, causal=False)[:, -1]


def gradient_by_distance(kind, x, params):
    return {"rnn": RNN, "lstm": LSTM, "attention": Attention}[kind](params).measure(x)
