"""In place, but on tensors of its own."""

import math

import torch


def score(q, k):
    return torch.matmul(q, k.mT.contiguous())


def scale(scores, d_k):
    scores = scores.clone()
    scores /= math.sqrt(d_k)
    return scores


def softmax(scores, dim=-1):
    x = scores - scores.amax(dim=dim, keepdim=True)
    x.exp_()
    return x / x.sum(dim=dim, keepdim=True)


def weighted_sum(weights, v):
    out = torch.zeros(*weights.shape[:-1], v.shape[-1], dtype=v.dtype, device=v.device)
    out += weights @ v
    return out


def attention(q, k, v, mask=None):
    scores = score(q, k)
    scores.mul_(1 / math.sqrt(q.shape[-1]))
    if mask is not None:
        scores.masked_fill_(~mask, torch.finfo(scores.dtype).min)
    weights = softmax(scores)
    if mask is not None:
        weights *= mask
    return weighted_sum(weights, v), weights
