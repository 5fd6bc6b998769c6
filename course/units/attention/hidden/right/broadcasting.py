"""Every pair of query and key beside one another, then a sum."""

import torch


def score(q, k):
    return (q.unsqueeze(-2) * k.unsqueeze(-3)).sum(dim=-1)


def scale(scores, d_k):
    return scores / torch.tensor(d_k, dtype=scores.dtype, device=scores.device).sqrt()


def softmax(scores, dim=-1):
    largest, _ = torch.max(scores, dim, keepdim=True)
    numerator = torch.exp(scores - largest)
    return torch.nn.functional.normalize(numerator, p=1.0, dim=dim)


def weighted_sum(weights, v):
    return (weights[..., None] * v[..., None, :, :]).sum(-2)


def attention(q, k, v, mask=None):
    scores = scale(score(q, k), q.shape[-1])
    if mask is None:
        mask = torch.ones_like(scores, dtype=torch.bool)
    mask = mask.expand_as(scores)
    largest = scores.masked_fill(~mask, -torch.inf).amax(-1, keepdim=True)
    largest = largest.masked_fill(largest.isinf(), 0).detach()
    numerator = torch.where(mask, scores - largest, -torch.inf).exp()
    total = numerator.sum(-1, keepdim=True)
    weights = numerator / total.masked_fill(total == 0, 1)
    return weighted_sum(weights=weights, v=v), weights
