# %% [markdown]
# # Attention, step by step
# %%
import math

import torch


# %%
def score(q, k):
    return q @ k.transpose(-2, -1)


score(torch.ones(2, 3), torch.ones(4, 3))


# %%
def softmax(x, dim=-1):  # a first try, without the maximum
    return x.exp() / x.exp().sum(dim, keepdim=True)


# %%
def softmax(scores, dim=-1):  # noqa: F811
    m = torch.amax(scores, dim=dim, keepdim=True)
    e = torch.exp(scores - m)
    return e / torch.sum(e, dim=dim, keepdim=True)


print(softmax(torch.tensor([1e4, 0.0])))


# %%
def scale(scores, d_k):
    return scores / math.sqrt(d_k)


def weighted_sum(weights, v):
    return weights @ v


# %%
NEG_INF = float("-inf")


def attention(q, k, v, mask=None):
    d_k = q.shape[-1]
    scores = scale(score(q, k), d_k)
    if mask is not None:
        has_any = mask.any(dim=-1, keepdim=True)
        scores = scores.masked_fill(~mask, NEG_INF)
        scores = scores.masked_fill(~has_any, 0.0)
    weights = softmax(scores, dim=-1)
    if mask is not None:
        weights = weights * has_any
    out = weighted_sum(weights, v)
    return out, weights


# %%
attention(torch.ones(1, 2, 3), torch.ones(1, 4, 3), torch.ones(1, 4, 5))[0].shape
