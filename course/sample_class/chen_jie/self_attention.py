import torch
from einops import rearrange

from attention import attention


def project(x, w_q, w_k, w_v):
    return x @ w_q, x @ w_k, x @ w_v


def causal_mask(length, device=None):
    return torch.ones(length, length, device=device).tril().bool()


def self_attention(x, w_q, w_k, w_v, causal=False):
    mask = causal_mask(x.shape[1], x.device) if causal else None
    return attention(*project(x, w_q, w_k, w_v), mask)[0]


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    q, k, v = (rearrange(y, "n t (h d) -> n h t d", h=heads) for y in project(x, w_q, w_k, w_v))
    mask = causal_mask(x.shape[1], x.device) if causal else None
    out = attention(q, k, v, mask)[0]
    return rearrange(out, "n h t d -> n t (h d)") @ w_o
