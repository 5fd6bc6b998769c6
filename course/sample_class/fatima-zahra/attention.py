# TP3 - Fatima-Zahra
import torch


def score(q, k):
    return q @ k.mT


def scale(scores, d_k):
    return scores / (d_k ** 0.5)


def softmax(scores, dim=-1):
    z = scores - scores.amax(dim, True)
    return z.exp() / z.exp().sum(dim, True)


def weighted_sum(weights, v):
    return weights @ v


def attention(q, k, v, mask=None):
    s = scale(score(q, k), q.shape[-1])
    if mask is None:
        mask = torch.ones(s.shape[-2:], dtype=torch.bool, device=s.device)
    p = softmax(s.masked_fill(~mask, torch.finfo(s.dtype).min))
    p = p * mask.to(p.dtype)
    return weighted_sum(p, v), p
