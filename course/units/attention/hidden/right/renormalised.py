"""Softmax first, then the mask, then a division by what is left."""

import math

import torch


def score(q, k):
    return q.matmul(k.transpose(-2, -1))


def scale(scores, d_k):
    return scores * (1.0 / math.sqrt(d_k))


def softmax(scores, dim=-1):
    c = scores.detach().amax(dim, keepdim=True)
    y = (scores - c).exp()
    return y.div(y.sum(dim, keepdim=True))


def weighted_sum(weights, v):
    return weights.matmul(v)


def attention(q, k, v, mask=None):
    s = scale(score(q, k), q.shape[-1])
    if mask is None:
        w = softmax(s)
        return weighted_sum(w, v), w
    c = s.detach().masked_fill(~mask, torch.finfo(s.dtype).min).amax(-1, keepdim=True)
    y = (s - c).clamp(max=80 if s.dtype is not torch.float16 else 10).exp() * mask
    total = y.sum(-1, keepdim=True)
    w = y / torch.where(total > 0, total, torch.ones_like(total))
    return weighted_sum(w, v), w
