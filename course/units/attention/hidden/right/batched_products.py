"""All leading axes flattened to one, then torch.bmm and torch.baddbmm."""

import torch


def flat(x):
    return x.reshape(-1, *x.shape[-2:])


def score(q, k):
    product = torch.bmm(flat(q), flat(k).transpose(1, 2))
    return product.reshape(*q.shape[:-1], k.shape[-2])


def scale(scores, d_k):
    return scores.mul(1 / d_k**0.5)


def softmax(scores, dim=-1):
    return torch.nn.Softmax(dim)(scores)


def weighted_sum(weights, v):
    return torch.bmm(flat(weights), flat(v)).reshape(*weights.shape[:-1], v.shape[-1])


def attention(q, k, v, mask=None):
    shape = (*q.shape[:-1], k.shape[-2])
    bias = torch.zeros(shape, dtype=q.dtype, device=q.device)
    if mask is not None:
        bias = bias.masked_fill(mask.logical_not(), torch.finfo(q.dtype).min)
    alpha = q.shape[-1] ** -0.5
    scores = torch.baddbmm(flat(bias), flat(q), flat(k).mT, alpha=alpha).reshape(shape)
    weights = softmax(scores)
    if mask is not None:
        weights = torch.where(mask, weights, torch.zeros_like(weights))
    return weighted_sum(weights, v), weights
