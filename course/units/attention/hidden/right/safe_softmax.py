"""As libraries keep empty rows safe: another place for the zeros."""

import torch
import torch.nn.functional as F


def score(q, k):
    return q.matmul(k.swapaxes(-1, -2))


def scale(scores, d_k):
    return scores.div(d_k**0.5)


def softmax(scores, dim=-1):
    scores = scores.movedim(dim, -1)
    scores = scores - scores.detach().max(-1, keepdim=True).values
    e = scores.exp()
    return e.div(e.sum(-1, keepdim=True)).movedim(-1, dim)


def weighted_sum(weights, v):
    return weights.matmul(v)


def attention(q, k, v, mask=None):
    logits = scale(score(q, k), k.shape[-1])
    if mask is None:
        weights = F.softmax(logits, dim=-1)
    else:
        allowed = mask.expand_as(logits)
        some = allowed.any(-1, keepdim=True)
        logits = torch.where(allowed | ~some, logits, logits.new_tensor(-torch.inf))
        weights = torch.where(some, F.softmax(logits, dim=-1), logits.new_zeros(()))
    return weighted_sum(weights, v), weights
