# 王小明 2班
import torch as th


def score(q, k):
    return th.matmul(q, k.transpose(-2, -1))


def scale(scores, d_k):
    return scores / (d_k ** 0.5)


def softmax(scores, dim=-1):
    m = th.max(scores, -2, keepdim=True)[0]
    e = th.exp(scores - m)
    return e / th.sum(e, -2, keepdim=True)


def weighted_sum(weights, v):
    return th.matmul(weights.transpose(-2, -1), v)


def attention(q, k, v, mask=None):
    s = scale(score(q, k), q.shape[-1])
    if mask is not None:
        s = s.masked_fill(mask == 0, -1e9)
    w = softmax(s, dim=-1)
    return weighted_sum(w, v), w
