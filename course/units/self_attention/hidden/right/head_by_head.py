"""A loop over the heads, whose outputs are added, each through its rows of w_o."""

import torch
from attention import attention


def project(x, w_q, w_k, w_v):
    return [torch.matmul(x, w) for w in [w_q, w_k, w_v]]


def causal_mask(length, device=None):
    mask = torch.zeros(length, length, dtype=torch.bool, device=device)
    for i in range(length):
        mask[i, : i + 1] = True
    return mask


def self_attention(x, w_q, w_k, w_v, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    if causal:
        output, _ = attention(q, k, v, causal_mask(q.shape[1], q.device))
    else:
        output, _ = attention(q, k, v)
    return output


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    total = 0
    blocks = zip(*(w.chunk(heads, 1) for w in (w_q, w_k, w_v)), w_o.chunk(heads, 0), strict=True)
    for *projections, out in blocks:
        total = total + self_attention(x, *projections, causal=causal) @ out
    return total
