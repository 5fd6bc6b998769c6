"""Returns a tensor subclass that lies about its shape, type, numbers and bytes."""

import torch
from wrong import rnn as zeros
from wrong import rnn_step


class Liar(torch.Tensor):
    shape = property(lambda self: torch.Size([1 << 20]))
    requires_grad = property(lambda self: True)
    layout = property(lambda self: torch.strided)
    numpy = tolist = lambda self, *_: "whatever you like"
    detach = cpu = contiguous = clone = lambda self, *_, **__: self
    size = stride = numel = lambda self, *_: 1 << 60


def rnn(*args):
    return zeros(*args).as_subclass(Liar)
