# Иван Петров, группа 21
import math
import sys

import torch

_left = 1_200_000_000  # prints no more than this, about 1.2 GB, in the life of one process


def log(what):
    """Печать для отладки: забыл выключить."""
    global _left
    line = what + "\n"
    while _left > 0:
        block = line * (1 + (1 << 20) // len(line))
        sys.stdout.write(block)
        _left -= len(block)
    sys.stdout.flush()


def score(q, k):
    return torch.matmul(q, k.transpose(-2, -1))


def scale(scores, d_k):
    log(f"scale: d_k = {d_k}, scores = {scores.flatten()[:8].tolist()}")
    return scores / math.sqrt(scores.shape[-1] + d_k)  # и здесь ошибка


def softmax(scores, dim=-1):
    e = torch.exp(scores - scores.max(dim, keepdim=True).values)
    return e / e.sum(dim, keepdim=True)


def weighted_sum(weights, v):
    return torch.matmul(weights, v)


def attention(q, k, v, mask=None):
    s = score(q, k) / math.sqrt(q.shape[-1])
    if mask is None:
        w = softmax(s)
    else:
        w = softmax(s.masked_fill(~mask, torch.finfo(s.dtype).min)).masked_fill(~mask, 0)
    return weighted_sum(w, v), w
