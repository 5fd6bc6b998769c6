"""Right, and one piece after the other: what a loop costs, to see that the clock sees it."""

from __future__ import annotations

import math

import torch

Pair = tuple[torch.Tensor, torch.Tensor]


def score_by_query(q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """q·kᵀ, row by row."""
    rows = [q[..., i : i + 1, :] @ k.mT for i in range(q.shape[-2])]
    return torch.cat(rows, dim=-2)


def score_by_key(q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """q·kᵀ, column by column."""
    columns = [q @ k[..., j : j + 1, :].mT for j in range(k.shape[-2])]
    return torch.cat(columns, dim=-1)


def weighted_sum_by_query(weights: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """weights·v, row by row."""
    rows = [weights[..., i : i + 1, :] @ v for i in range(weights.shape[-2])]
    return torch.cat(rows, dim=-2)


def weighted_sum_by_key(weights: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """weights·v, one value after the other."""
    output = torch.zeros_like(weights[..., :1]) * v[..., :1, :]
    for j in range(v.shape[-2]):
        output = output + weights[..., j : j + 1] * v[..., j : j + 1, :]
    return output


def attention_by_query(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Attention, one query after the other."""
    parts = [attend(q[..., i : i + 1, :], k, v) for i in range(q.shape[-2])]
    outputs, weights = zip(*parts, strict=True)
    return torch.cat(outputs, dim=-2), torch.cat(weights, dim=-2)


def attention_by_key(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Attention, one key after the other."""
    weights = torch.softmax(score_by_key(q, k) / math.sqrt(q.shape[-1]), dim=-1)
    return weighted_sum_by_key(weights, v), weights


def attention_by_sentence(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Attention, one sentence after the other."""
    parts = [attend(*sentence) for sentence in zip(q, k, v, strict=True)]
    outputs, weights = zip(*parts, strict=True)
    return torch.stack(outputs), torch.stack(weights)


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Scaled dot-product attention."""
    weights = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
    return weights @ v, weights
