"""Attention, Li Na."""

import torch


def score(q, k):
    return torch.matmul(q, k.mT)


def scale(scores, d_k):
    return scores / d_k**0.5


def softmax(scores, dim=-1):
    # take the maximum away first, exp(10000) is inf
    biggest = scores.max(dim=dim, keepdim=True).values
    e = torch.exp(scores - biggest)
    return e / e.sum(dim=dim, keepdim=True)


def weighted_sum(weights, v):
    return torch.matmul(weights, v)


def attention(q, k, v, mask=None):
    scores = scale(score(q, k), q.size(-1))
    if mask is None:
        weights = softmax(scores)
        return weighted_sum(weights, v), weights
    # A very small number instead of -inf, so that an all hidden row is no NaN.
    lowest = torch.finfo(scores.dtype).min
    weights = softmax(torch.where(mask, scores, lowest))
    weights = torch.where(mask, weights, 0.0)
    return weighted_sum(weights, v), weights
