"""The queries are scaled, not the scores; a list of results."""

import torch


def score(q, k):
    return (k @ q.mT).mT


def scale(scores, d_k):
    return scores / (d_k**0.25) / (d_k**0.25)


def softmax(scores, dim=-1):
    return _share(scores - scores.amax(dim, True), dim)


def _share(scores, dim):
    return scores.exp() / scores.exp().sum(dim, True)


def weighted_sum(weights, v):
    return torch.tensordot(weights, v, 1) if v.dim() == 2 else weights @ v


def attention(q, k, v, mask=None):
    scores = score(q / q.shape[-1] ** 0.5, k)
    if mask is None:
        weights = _share(scores - scores.amax(-1, True), -1)
    else:
        hidden = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        weights = _share(hidden - hidden.amax(-1, True), -1).masked_fill(~mask, 0)
    return [weighted_sum(weights, v), weights]
