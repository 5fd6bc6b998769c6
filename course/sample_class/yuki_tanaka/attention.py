# 田中 由紀
import torch


def scores(query, key):
    """(..., T_q, d_k), (..., T_k, d_k) -> (..., T_q, T_k)"""
    return query @ key.swapaxes(-2, -1)


def scale(scores, d_k):
    return scores / torch.tensor(d_k, dtype=scores.dtype, device=scores.device).sqrt()


def softmax(scores, dim=-1):
    e = torch.exp(scores - torch.max(scores, dim, keepdim=True).values)
    return e / torch.sum(e, dim, keepdim=True)


def weighted_sum(weights, v):
    return weights.matmul(v)


def attention(q, k, v, mask=None):
    logits = scale(scores(q, k), q.shape[-1])
    if mask is None:
        mask = torch.ones_like(logits, dtype=torch.bool)
    big_negative = torch.finfo(logits.dtype).min
    weights = softmax(logits.masked_fill(mask.logical_not(), big_negative))
    weights = weights.masked_fill(mask.logical_not(), 0.0)
    return [weighted_sum(weights, v), weights]
