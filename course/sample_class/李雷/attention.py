"""第三单元 注意力机制  李雷"""
import math
import torch


def score(q, k):
    return q @ k.transpose(-1, -2)


def scale(scores, d_k):
    return scores / math.sqrt(d_k)


def softmax(scores, dim=-1):
    # 课本上的公式
    e = torch.exp(scores)
    return e / e.sum(dim=dim, keepdim=True)


def weighted_sum(weights, v):
    return weights @ v


def attention(q, k, v, mask=None):
    s = scale(score(q, k), q.shape[-1])
    if mask is not None:
        s = s.masked_fill(mask == False, float('-inf'))
    w = softmax(s, dim=-1)
    return weighted_sum(w, v), w
