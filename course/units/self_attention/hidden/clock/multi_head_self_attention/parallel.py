"""Right programs that take all heads at once, each written in its own way."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

T = torch.Tensor


def _attend(q: T, k: T, v: T) -> T:
    return torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1) @ v


def views(x: T, w_q: T, w_k: T, w_v: T, w_o: T, heads: int) -> T:
    """Heads as an axis, by `view`."""
    n, t, _ = x.shape
    q, k, v = ((x @ w).view(n, t, heads, -1).transpose(1, 2) for w in (w_q, w_k, w_v))
    return _attend(q, k, v).transpose(1, 2).reshape(n, t, -1) @ w_o


def einsum(x: T, w_q: T, w_k: T, w_v: T, w_o: T, heads: int) -> T:
    """Index notation from the first to the last."""
    q, k, v = (
        torch.einsum("ntd,dhe->nhte", x, w.unflatten(1, (heads, -1))) for w in (w_q, w_k, w_v)
    )
    weights = torch.softmax(torch.einsum("nhqe,nhke->nhqk", q, k) * q.shape[-1] ** -0.5, dim=-1)
    output = torch.einsum("nhqk,nhke->nhqe", weights, v)
    return torch.einsum("nhte,hed->ntd", output, w_o.unflatten(0, (heads, -1)))


def sdpa(x: T, w_q: T, w_k: T, w_v: T, w_o: T, heads: int) -> T:
    """PyTorch's own attention."""
    q, k, v = ((x @ w).unflatten(-1, (heads, -1)).transpose(1, 2) for w in (w_q, w_k, w_v))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2) @ w_o


def chunks_stacked(x: T, w_q: T, w_k: T, w_v: T, w_o: T, heads: int) -> T:
    """Heads by `chunk` and `stack`: a list of them, and no loop of calls."""
    q, k, v = (torch.stack((x @ w).chunk(heads, dim=-1), dim=1) for w in (w_q, w_k, w_v))
    return torch.cat(_attend(q, k, v).unbind(1), dim=-1) @ w_o


class _Heads(nn.Module):
    """As in a tutorial: layers that are made anew by whoever makes the module."""

    def __init__(self, w_q: T, w_k: T, w_v: T, w_o: T, heads: int) -> None:
        super().__init__()
        self.heads = heads
        weights = (w_q, w_k, w_v, w_o)
        self.q, self.k, self.v, self.o = (nn.Linear(*w.shape, bias=False) for w in weights)
        for layer, w in zip((self.q, self.k, self.v, self.o), weights, strict=True):
            layer.weight = nn.Parameter(w.T.contiguous())

    def forward(self, x: T) -> T:
        """Attend."""
        q, k, v = (
            layer(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for layer in (self.q, self.k, self.v)
        )
        return self.o(_attend(q, k, v).transpose(1, 2).flatten(2))


def module_inside(x: T, w_q: T, w_k: T, w_v: T, w_o: T, heads: int) -> T:
    """A module that is made in each call."""
    return _Heads(w_q, w_k, w_v, w_o, heads)(x).detach()


def forty_modules(x: T, w_q: T, w_k: T, w_v: T, w_o: T, heads: int) -> T:
    """And forty more."""
    for _ in range(40):
        nn.Linear(8, 8)
    return module_inside(x, w_q, w_k, w_v, w_o, heads)
