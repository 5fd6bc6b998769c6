"""One product with the three matrices side by side."""

import torch
from attention import attention


def project(x, w_q, w_k, w_v):
    widths = [w.shape[1] for w in (w_q, w_k, w_v)]
    return (x @ torch.cat([w_q, w_k, w_v], dim=1)).split(widths, dim=-1)


def causal_mask(length, device=None):
    return torch.tril(torch.ones((length, length), dtype=bool, device=device))


def self_attention(x, w_q, w_k, w_v, causal=False):
    mask = causal_mask(x.size(1), device=x.device) if causal else None
    return attention(*project(x, w_q, w_k, w_v), mask=mask)[0]


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    n, length, _ = x.shape

    def split(y):
        return y.reshape(n, length, heads, -1).permute(0, 2, 1, 3)

    q, k, v = map(split, project(x, w_q, w_k, w_v))
    mask = causal_mask(length, device=x.device) if causal else None
    joined = attention(q, k, v, mask)[0].permute(0, 2, 1, 3).reshape(n, length, -1)
    return joined @ w_o
