"""Products by their indices."""

import torch


def score(q, k):
    return torch.einsum("...id,...jd->...ij", q, k)


def scale(scores, d_k):
    return scores * d_k**-0.5


def softmax(scores, dim=-1):
    shifted = scores - scores.max(dim=dim, keepdim=True).values
    return torch.exp(shifted) / torch.exp(shifted).sum(dim=dim, keepdim=True)


def weighted_sum(weights, v):
    return torch.einsum("...ij,...jd->...id", weights, v)


def attention(q, k, v, mask=None):
    scores = scale(score(q, k), q.size(-1))
    if mask is not None:
        empty = ~mask.any(dim=-1, keepdim=True)
        scores = scores.masked_fill(~mask & ~empty, float("-inf"))
        weights = softmax(scores).masked_fill(empty, 0)
    else:
        weights = softmax(scores)
    return weighted_sum(weights, v), weights
