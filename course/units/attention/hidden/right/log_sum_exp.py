"""The softmax as the exponential of a difference of logarithms."""

import math

import torch


def score(q, k):
    return torch.matmul(q, k.mT)


def scale(scores, d_k):
    return torch.div(scores, math.sqrt(d_k))


def softmax(scores, dim=-1):
    return (scores - scores.logsumexp(dim, keepdim=True)).exp()


def weighted_sum(weights, v):
    return torch.matmul(weights, v)


def attention(q, k, v, mask=None):
    scores = scale(score(q, k), d_k=k.shape[-1])
    if mask is None:
        weights = softmax(scores, dim=scores.dim() - 1)
    else:
        low = torch.full_like(scores, torch.finfo(scores.dtype).min)
        weights = softmax(torch.where(mask, scores, low)) * mask
    return weighted_sum(weights, v), weights
