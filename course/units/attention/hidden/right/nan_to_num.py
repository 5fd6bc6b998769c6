"""-inf for what is hidden, and the NaN of an empty row made zero: no gradient comes back to it."""

import math

import torch


def score(q, k):
    return torch.matmul(q, k.transpose(-2, -1))


def scale(scores, d_k):
    return scores / math.sqrt(d_k)


def softmax(scores, dim=-1):
    e = torch.exp(scores - scores.amax(dim=dim, keepdim=True))
    return e / e.sum(dim=dim, keepdim=True)


def weighted_sum(weights, v):
    return torch.matmul(weights, v)


def attention(q, k, v, mask=None):
    scores = scale(score(q, k), q.size(-1))
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = torch.nan_to_num(softmax(scores), nan=0.0)
    return weighted_sum(weights, v), weights
