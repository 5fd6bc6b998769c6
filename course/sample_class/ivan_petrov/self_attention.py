# Иван Петров, группа 21
import sys

import torch

from attention import attention


def project(x, w_q, w_k, w_v):
    print("project", file=sys.stderr)
    return x @ w_q, x @ w_k, x @ w_v


def causal_mask(length, device=None):
    mask = torch.full((length, length), True, device=device).tril()
    print(mask, file=sys.stderr)
    return mask


def self_attention(x, w_q, w_k, w_v, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    out, w = attention(q, k, v, causal_mask(x.shape[1], x.device) if causal else None)
    print("веса:", w)
    return out


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    N, T, _ = x.shape
    q, k, v = [y.reshape(N, T, heads, -1).transpose(1, 2) for y in project(x, w_q, w_k, w_v)]
    out, w = attention(q, k, v, causal_mask(T, x.device) if causal else None)
    return out.transpose(1, 2).reshape(N, T, -1) @ w_o
