"""The mask is made once for each length, and kept. (The results are not.)"""

import functools

import torch
from attention import scale, score, softmax, weighted_sum


def project(x, w_q, w_k, w_v):
    return x.matmul(w_q), x.matmul(w_k), x.matmul(w_v)


@functools.cache
def _mask(length, device):
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


def causal_mask(length, device=None):
    return _mask(length, str(device) if device is not None else None)


@functools.lru_cache(maxsize=None)
def _hidden(length, device):
    return ~_mask(length, device)


def _attend(q, k, v, causal):
    scores = scale(score(q, k), q.shape[-1])
    if causal:
        hidden = _hidden(q.shape[-2], str(q.device))
        scores = scores.masked_fill(hidden, torch.finfo(scores.dtype).min)
    return weighted_sum(softmax(scores), v)


def self_attention(x, w_q, w_k, w_v, causal=False):
    return _attend(*project(x, w_q, w_k, w_v), causal)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    q, k, v = (torch.stack(y.chunk(heads, -1), 1) for y in project(x, w_q, w_k, w_v))
    return torch.cat(_attend(q, k, v, causal).unbind(1), -1) @ w_o
