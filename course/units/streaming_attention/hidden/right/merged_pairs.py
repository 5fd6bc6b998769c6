"""Each block by itself, then two and two are merged, in a class."""

import functools
from typing import NamedTuple

import torch


class Partial(NamedTuple):
    output: torch.Tensor
    lse: torch.Tensor

    def merge(self, other):
        lse = torch.logaddexp(self.lse, other.lse)
        a, b = (self.lse - lse).exp(), (other.lse - lse).exp()
        return Partial(self.output * a + other.output * b, lse)


def streaming_attention(q, k, v, block_size):
    def part(keys, values):
        s = q @ keys.mT * q.shape[-1] ** -0.5
        return Partial(s.softmax(-1) @ values, s.logsumexp(-1, keepdim=True))

    blocks = zip(k.split(block_size, dim=-2), v.split(block_size, dim=-2))
    parts = (part(*block) for block in blocks)
    return functools.reduce(Partial.merge, parts).output
