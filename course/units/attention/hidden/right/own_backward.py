"""The gradient written by hand, as in FlashAttention: where one key is left, it is rounding."""

import math

import torch


def score(q, k):
    return torch.einsum("...qd,...kd->...qk", q, k)


def scale(scores, d_k):
    return scores / d_k**0.5


class Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, scores, dim):
        exponentials = torch.exp(scores - scores.max(dim, keepdim=True).values)
        weights = exponentials / exponentials.sum(dim, keepdim=True)
        ctx.save_for_backward(weights)
        ctx.dim = dim
        return weights

    @staticmethod
    def backward(ctx, given):
        (weights,) = ctx.saved_tensors
        return weights * (given - (weights * given).sum(ctx.dim, keepdim=True)), None


def softmax(scores, dim=-1):
    return Softmax.apply(scores, dim)


def weighted_sum(weights, v):
    return torch.einsum("...qk,...kd->...qd", weights, v)


class Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx, q, k, v, mask):
        scores = q @ k.mT / math.sqrt(q.shape[-1])
        if mask is not None:
            scores = scores.masked_fill(~mask, -math.inf)
        weights = torch.softmax(scores, -1)
        if mask is not None:
            weights = weights.masked_fill(~mask, 0)
        output = weights @ v
        ctx.save_for_backward(q, k, v, weights, output)
        return output, weights

    @staticmethod
    def backward(ctx, d_output, d_weights):
        q, k, v, weights, output = ctx.saved_tensors
        mean = (output * d_output).sum(-1, keepdim=True)
        mean = mean + (weights * d_weights).sum(-1, keepdim=True)
        d_scores = weights * (d_output @ v.mT + d_weights - mean) / math.sqrt(q.shape[-1])
        return d_scores @ k, d_scores.mT @ q, weights.mT @ d_output, None


def attention(q, k, v, mask=None):
    return Attention.apply(q, k, v, mask)
