# grace hopkins
import torch

from attention import attention


def project(x, w_q, w_k, w_v):
    return x @ w_q, x @ w_k, x @ w_v


def causal_mask(length, device=None):
    mask = torch.zeros(length, length, dtype=torch.bool, device=device)
    mask[tuple(torch.tril_indices(length, length, device=device))] = True
    return mask


def self_attention(x, w_q, w_k, w_v, causal=False):
    mask = causal_mask(x.shape[1], x.device) if causal else None
    return attention(*project(x, w_q, w_k, w_v), mask)[0]


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    n, t, _ = x.shape
    q, k, v = (y.view(n, t, heads, -1).transpose(1, 2) for y in project(x, w_q, w_k, w_v))
    mask = causal_mask(t, x.device) if causal else None
    out = attention(q, k, v, mask)[0].data
    return out.transpose(1, 2).reshape(n, t, -1) @ w_o.data
