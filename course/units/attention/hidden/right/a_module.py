"""A torch.nn.Module, as in a library."""

import torch
from torch import nn


class ScaledDotProduct(nn.Module):
    def __init__(self, d_k):
        super().__init__()
        self.factor = d_k**-0.5
        self.normalise = nn.Softmax(dim=-1)

    def forward(self, q, k, v, mask=None):
        logits = torch.matmul(q, k.transpose(-2, -1)) * self.factor
        if mask is not None:
            nothing = torch.logical_not(mask).all(-1, keepdim=True)
            logits = logits.masked_fill(torch.logical_not(mask | nothing), float("-inf"))
        weights = self.normalise(logits)
        if mask is not None:
            weights = weights.masked_fill(nothing, 0.0)
        return torch.matmul(weights, v), weights


def score(q, k):
    return torch.matmul(q, k.transpose(-2, -1))


def scale(scores, d_k):
    return scores * ScaledDotProduct(d_k).factor


def softmax(scores, dim=-1):
    return nn.functional.softmax(scores, dim)


def weighted_sum(weights, v):
    return torch.matmul(weights, v)


def attention(q, k, v, mask=None):
    return ScaledDotProduct(q.size(-1))(q, k, v, mask)
