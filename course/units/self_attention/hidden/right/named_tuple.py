"""Projections with names, heads with a class."""

from dataclasses import dataclass
from typing import NamedTuple

import attention as unit
import torch


class Projections(NamedTuple):
    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor


@dataclass
class Heads:
    count: int

    def cut(self, y):
        return y.unflatten(-1, (self.count, y.shape[-1] // self.count)).movedim(-2, -3)

    def join(self, y):
        return y.movedim(-3, -2).flatten(-2)


def project(x, w_q, w_k, w_v):
    return Projections(q=x @ w_q, k=x @ w_k, v=x @ w_v)


def causal_mask(length, device=None):
    i, j = torch.meshgrid(*[torch.arange(length, device=device)] * 2, indexing="ij")
    return i.ge(j)


def self_attention(x, w_q, w_k, w_v, causal=False):
    p = project(x=x, w_q=w_q, w_k=w_k, w_v=w_v)
    mask = causal_mask(length=x.shape[-2], device=x.device) if causal else None
    return unit.attention(q=p.q, k=p.k, v=p.v, mask=mask)[0]


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    heads = Heads(heads)
    p = project(x, w_q, w_k, w_v)
    mask = causal_mask(x.shape[-2], x.device) if causal else None
    output, _ = unit.attention(heads.cut(p.q), heads.cut(p.k), heads.cut(p.v), mask)
    return torch.matmul(heads.join(output), w_o)
