"""Unit 3. Submitted by Priya Raman."""

import math

import torch
from torch import Tensor


def score(q: Tensor, k: Tensor) -> Tensor:
    """Dot product of every query with every key."""
    return torch.einsum("...id,...jd->...ij", q, k)


def scale(scores: Tensor, d_k: int) -> Tensor:
    """Keep the variance of the scores at one."""
    return scores * (1 / math.sqrt(d_k))


def softmax(scores: Tensor, dim: int = -1) -> Tensor:
    """Shift, exponentiate, normalise."""
    shifted = scores - torch.amax(scores, dim=dim, keepdim=True).detach()
    exp = torch.exp(shifted)
    return exp / torch.sum(exp, dim=dim, keepdim=True)


def weighted_sum(weights: Tensor, v: Tensor) -> Tensor:
    """Average of the values."""
    return torch.einsum("...ij,...jd->...id", weights, v)


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None):
    """Scaled dot-product attention."""
    logits = scale(score(q, k), q.shape[-1])
    if mask is not None:
        logits = torch.where(mask, logits, torch.finfo(logits.dtype).min)
    weights = softmax(logits, dim=-1)
    if mask is not None:
        weights = weights * mask  # a row that sees nothing becomes zeros
    return weighted_sum(weights, v), weights
