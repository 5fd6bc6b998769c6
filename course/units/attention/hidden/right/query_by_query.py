"""A loop over the queries, for readers. (Slow, and speed is not asked here.)"""

import math

import torch


def score(q, k):
    rows = [(k * q[..., i : i + 1, :]).sum(-1) for i in range(q.shape[-2])]
    return torch.stack(rows, dim=-2)


def scale(scores, d_k):
    return scores / math.sqrt(d_k)


def softmax(scores, dim=-1):
    moved = scores.movedim(dim, -1)
    top = moved.max(-1, keepdim=True)[0]
    e = (moved - top).exp()
    return (e / e.sum(-1, keepdim=True)).movedim(-1, dim)


def weighted_sum(weights, v):
    rows = []
    for i in range(weights.shape[-2]):
        rows.append((weights[..., i, :, None] * v).sum(-2))
    return torch.stack(rows, -2)


def attention(q, k, v, mask=None):
    scores = scale(score(q, k), q.shape[-1])
    if mask is not None:
        mask = mask.expand(scores.shape)
    rows = []
    for i in range(scores.shape[-2]):
        row = scores[..., i, :]
        if mask is not None:
            allowed = mask[..., i, :]
            row = torch.where(allowed, row, torch.finfo(row.dtype).min)
            row = torch.where(allowed, softmax(row), 0)
        else:
            row = softmax(row)
        rows.append(row)
    weights = torch.stack(rows, -2)
    return weighted_sum(weights, v), weights
