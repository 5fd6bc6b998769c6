import math

import torch


def score(q, k):
    k_transposed = torch.transpose(k, -2, -1)
    scores = torch.matmul(q, k_transposed)
    return scores


def scale(scores, d_k):
    root = math.sqrt(d_k)
    return torch.div(scores, root)


def softmax(scores, dim=-1):
    biggest, _ = torch.max(scores, dim=dim, keepdim=True)
    shifted = scores - biggest
    exp = torch.exp(shifted)
    total = torch.sum(exp, dim=dim, keepdim=True)
    return exp / total


def weighted_sum(weights, v):
    return torch.matmul(weights, v)


def attention(q, k, v, mask=None):
    d_k = q.size(-1)
    scores = scale(score(q, k), d_k)
    if mask is not None:
        scores = scores.masked_fill(mask == 0, float("-inf"))
        nothing = (mask == 0).all(dim=-1, keepdim=True)
        scores = scores.masked_fill(nothing, 0.0)
    weights = softmax(scores, dim=-1)
    if mask is not None:
        weights = weights * (~nothing)
    output = weighted_sum(weights, v)
    return output, weights
