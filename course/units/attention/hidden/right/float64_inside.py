"""In float64 whatever comes, and back."""

import torch


def in_double(function):
    def wrapped(*args, **kwargs):
        dtype = args[0].dtype
        args = [a.double() if torch.is_tensor(a) and a.is_floating_point() else a for a in args]
        result = function(*args, **kwargs)
        return tuple(r.to(dtype) for r in result) if type(result) is tuple else result.to(dtype)

    return wrapped


@in_double
def score(q, k):
    return q @ k.transpose(-1, -2)


@in_double
def scale(scores, d_k):
    return scores / d_k**0.5


@in_double
def softmax(scores, dim=-1):
    e = (scores - scores.amax(dim=dim, keepdim=True)).exp()
    return e / e.sum(dim=dim, keepdim=True)


@in_double
def weighted_sum(weights, v):
    return weights @ v


@in_double
def attention(q, k, v, mask=None):
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e300)
    weights = softmax(scores)
    if mask is not None:
        weights = weights * mask.to(weights.dtype)
    return weights @ v, weights
