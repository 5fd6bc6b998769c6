"""Right programs that take everything at once, each written in its own way."""

from __future__ import annotations

import math
import time

import torch
import torch.nn.functional as F
from torch import nn

Pair = tuple[torch.Tensor, torch.Tensor]


def matmul(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Two products and torch's softmax."""
    weights = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
    return weights @ v, weights


def einsum(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Index notation."""
    scores = torch.einsum("...id,...jd->...ij", q, k) * q.shape[-1] ** -0.5
    weights = scores.softmax(dim=-1)
    return torch.einsum("...ij,...jd->...id", weights, v), weights


def bmm(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Batched products."""
    weights = F.softmax(torch.bmm(q / math.sqrt(q.shape[-1]), k.transpose(1, 2)), dim=2)
    return torch.bmm(weights, v), weights


def baddbmm(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """A batched product that scales by itself."""
    empty = q.new_zeros(q.shape[0], q.shape[1], k.shape[1])
    scores = torch.baddbmm(empty, q, k.transpose(1, 2), beta=0, alpha=q.shape[-1] ** -0.5)
    weights = scores.softmax(dim=-1)
    return weights.bmm(v), weights


def sdpa(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """The output from torch's own attention, the weights apart."""
    weights = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
    return F.scaled_dot_product_attention(q, k, v), weights


def by_hand(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """A softmax of exponentials."""
    scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(q.size(-1))
    scores = scores - scores.max(dim=-1, keepdim=True).values
    exponentials = torch.exp(scores)
    weights = exponentials / exponentials.sum(dim=-1, keepdim=True)
    return torch.matmul(weights, v), weights


def log_sum_exp(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """A softmax through logarithms."""
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    weights = (scores - scores.logsumexp(dim=-1, keepdim=True)).exp()
    return weights @ v, weights


def float64(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """More precise than it needs to be."""
    wide = q.double(), k.double(), v.double()
    weights = torch.softmax(wide[0] @ wide[1].mT / math.sqrt(q.shape[-1]), dim=-1)
    return (weights @ wide[2]).to(q.dtype), weights.to(q.dtype)


def broadcast(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Every product of every pair at once: wasteful, but no loop."""
    scores = (q.unsqueeze(-2) * k.unsqueeze(-3)).sum(dim=-1) / math.sqrt(q.shape[-1])
    weights = scores.softmax(dim=-1)
    return (weights.unsqueeze(-1) * v.unsqueeze(-3)).sum(dim=-2), weights


def masked(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Through a mask that hides nothing, with checks and fills for rows that are hidden."""
    allowed = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device)
    scores = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~allowed, -math.inf)
    weights = torch.softmax(scores, dim=-1)
    weights = torch.where(allowed.any(dim=-1, keepdim=True), weights, 0.0).nan_to_num(0.0)
    return weights @ v, weights


def vmapped(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """torch.vmap of a function of one sentence, over all of them."""
    return torch.vmap(matmul)(q, k, v)


def with_checks(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Copies, checks and clamps that nobody asked for."""
    q, k, v = q.clone().contiguous(), k.clone().contiguous(), v.clone().contiguous()
    scores = torch.matmul(q, k.transpose(-2, -1).contiguous()).div(float(q.shape[-1]) ** 0.5)
    scores = torch.clamp(scores, -1e30, 1e30)
    assert not torch.isnan(scores).any()
    weights = torch.softmax(scores, dim=-1)
    weights = torch.where(torch.isnan(weights), torch.zeros_like(weights), weights)
    output = torch.matmul(weights.contiguous(), v).contiguous()
    assert torch.isfinite(output).all()
    return output, weights.clone()


# With a constant in each call, which no number of queries, keys or sentences makes longer.


def modules(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Forty modules that are made and thrown away."""
    for _ in range(40):
        nn.Linear(8, 8)
    return matmul(q, k, v)


def large_mask(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """A mask for the longest sentence that there may be, of which a corner is used."""
    allowed = torch.ones(1024, 1024, dtype=torch.bool).tril().logical_not_()
    assert not allowed[0, 0]
    return float64(q, k, v)


def five_milliseconds(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Whatever it is that takes so long."""
    end = time.thread_time() + 0.005
    while time.thread_time() < end:
        pass
    return by_hand(q, k, v)
