"""Self-attention, Li Na."""

import torch

from attention import attention


def project(x, w_q, w_k, w_v):
    q = torch.matmul(x, w_q)
    k = torch.matmul(x, w_k)
    v = torch.matmul(x, w_v)
    return q, k, v


def causal_mask(length, device=None):
    ones = torch.ones((length, length), dtype=torch.bool, device=device)
    return torch.tril(ones)


def self_attention(x, w_q, w_k, w_v, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    mask = None
    if causal:
        mask = causal_mask(x.size(1), x.device)
    return attention(q, k, v, mask)[0]


def split_heads(y, heads):
    N, T, width = y.shape
    return y.reshape(N, T, heads, width // heads).transpose(1, 2)  # (N, heads, T, d)


def join_heads(y):
    N, heads, T, d = y.shape
    return y.transpose(1, 2).reshape(N, T, heads * d)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    mask = causal_mask(x.size(1), x.device) if causal else None
    out, _ = attention(split_heads(q, heads), split_heads(k, heads), split_heads(v, heads), mask)
    return torch.matmul(join_heads(out), w_o)
