"""Hangs, exits and lies in the backward pass."""

import os

import torch
from wrong import rnn as zeros
from wrong import rnn_step


class Evil(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        os._exit(0)


def rnn(x, h, *rest):
    return zeros(x, h, *rest) + 0 * Evil.apply(h).sum()
