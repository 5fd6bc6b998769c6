# 田中 由紀
import torch

import attention as att


def project(x, w_q, w_k, w_v):
    return [x @ w for w in (w_q, w_k, w_v)]


_masks = {}


def causal_mask(length, device=None):
    # 同じ長さのマスクは一度だけ作る
    key = (length, str(device))
    if key not in _masks:
        rows = torch.arange(length, device=device).unsqueeze(1)
        columns = torch.arange(length, device=device).unsqueeze(0)
        _masks[key] = columns <= rows
    return _masks[key]


def self_attention(x, w_q, w_k, w_v, causal=False):
    mask = causal_mask(x.shape[1], x.device) if causal else None
    q, k, v = project(x, w_q, w_k, w_v)
    return att.attention(q, k, v, mask)[0]


def multi_head(x, w_q, w_k, w_v, w_o, n_heads, causal=False):
    N, T, D = x.shape
    mask = causal_mask(T, x.device) if causal else None
    q, k, v = (p.view(N, T, n_heads, -1).transpose(1, 2) for p in project(x, w_q, w_k, w_v))
    out = att.attention(q, k, v, mask)[0]
    return out.transpose(1, 2).reshape(N, T, -1) @ w_o
