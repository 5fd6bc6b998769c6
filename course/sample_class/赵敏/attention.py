# 赵敏
import torch


def score(q, k):
    return torch.einsum("...qd, ...kd -> ...qk", q, k)


def scale(scores, d_k):
    return scores / pow(d_k, 0.5)


def softmax(scores, dim=-1):
    e = (scores - scores.max(dim=dim, keepdim=True)[0]).exp()
    return e * e.sum(dim=dim, keepdim=True).reciprocal()


def weighted_sum(weights, v):
    return torch.einsum("...qk, ...kv -> ...qv", weights, v)


def attention(q, k, v, mask=None):
    w = scale(score(q, k), q.shape[-1])
    if mask is not None:
        w = w.masked_fill(~mask, torch.finfo(w.dtype).min)
    w = softmax(w)
    if mask is not None:
        w = w.where(mask, w.new_zeros(()))
    return weighted_sum(w, v), w
