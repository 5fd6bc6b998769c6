"""Written for one query, mapped over the queries and whatever stands in front."""

import torch


def score(q, k):
    one = lambda query, keys: keys @ query  # noqa: E731
    return over_leading(torch.vmap(one, in_dims=(0, None)), q, k)


def scale(scores, d_k):
    return torch.vmap(lambda row: row / d_k**0.5)(scores)


def softmax(scores, dim=-1):
    moved = scores.movedim(dim, 0)
    e = (moved - moved.amax(0)).exp()
    return (e / e.sum(0)).movedim(0, dim)


def weighted_sum(weights, v):
    one = lambda row, values: row @ values  # noqa: E731
    return over_leading(torch.vmap(one, in_dims=(0, None)), weights, v)


def over_leading(function, *tensors):
    for _ in range(tensors[0].dim() - 2):
        function = torch.vmap(function)
    return function(*tensors)


def attention(q, k, v, mask=None):
    def one(query, keys, values, allowed):
        logits = keys @ query / len(query) ** 0.5
        logits = torch.where(allowed, logits, torch.finfo(logits.dtype).min)
        weights = torch.where(allowed, softmax(logits), 0.0)
        return weights @ values, weights

    if mask is None:
        mask = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool, device=q.device)
    mask = mask.expand(*q.shape[:-1], k.shape[-2])
    return over_leading(torch.vmap(one, in_dims=(0, None, None, 0)), q, k, v, mask)
