"""Right programs that take everything at once, each written in its own way."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

T = torch.Tensor


def matmul(x: T, w_q: T, w_k: T, w_v: T) -> T:
    """Products and torch's softmax."""
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1) @ v


def einsum(x: T, w_q: T, w_k: T, w_v: T) -> T:
    """Index notation."""
    q, k, v = (torch.einsum("ntd,de->nte", x, w) for w in (w_q, w_k, w_v))
    weights = torch.softmax(torch.einsum("nqd,nkd->nqk", q, k) * q.shape[-1] ** -0.5, dim=-1)
    return torch.einsum("nqk,nkd->nqd", weights, v)


def sdpa(x: T, w_q: T, w_k: T, w_v: T) -> T:
    """PyTorch's own attention."""
    return F.scaled_dot_product_attention(x @ w_q, x @ w_k, x @ w_v)


def by_hand(x: T, w_q: T, w_k: T, w_v: T) -> T:
    """A softmax of exponentials, in float64, with checks."""
    q, k, v = (x.double() @ w.double() for w in (w_q, w_k, w_v))
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    e = torch.exp(scores - scores.amax(dim=-1, keepdim=True))
    weights = e / e.sum(dim=-1, keepdim=True)
    assert torch.isfinite(weights).all()
    return (weights @ v).to(x.dtype)


def masked(x: T, w_q: T, w_k: T, w_v: T) -> T:
    """Through a mask that hides nothing."""
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    allowed = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device)
    scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~allowed, -math.inf)
    return torch.softmax(scores, dim=-1).nan_to_num(0.0) @ v


class _Attention(nn.Module):
    """As in a tutorial: four layers that are made anew by whoever makes the module."""

    def __init__(self, w_q: T, w_k: T, w_v: T) -> None:
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(*w.shape, bias=False) for w in (w_q, w_k, w_v))
        for layer, w in zip((self.q, self.k, self.v), (w_q, w_k, w_v), strict=True):
            layer.weight = nn.Parameter(w.T.contiguous())
        self.dropout = nn.Dropout(0.0)

    def forward(self, x: T) -> T:
        """Attend."""
        q, k, v = self.q(x), self.k(x), self.v(x)
        return self.dropout(torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)) @ v


def module_inside(x: T, w_q: T, w_k: T, w_v: T) -> T:
    """A module that is made in each call."""
    return _Attention(w_q, w_k, w_v)(x).detach()
