"""Unit 4, Chidi Okonkwo."""
import torch
import torch.nn.functional as F


def project(x, w_q, w_k, w_v):
    return x.matmul(w_q), x.matmul(w_k), x.matmul(w_v)


def causal_mask(length, device=None):
    return torch.ones(length, length, device=device).cumsum(0).triu().T.bool()


def self_attention(x, w_q, w_k, w_v, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    mask = causal_mask(x.shape[1], x.device) if causal else None
    return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    n, t, _ = x.shape
    q, k, v = (y.reshape(n, t, heads, -1).swapaxes(1, 2) for y in project(x, w_q, w_k, w_v))
    mask = causal_mask(t, x.device) if causal else None
    y = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return y.swapaxes(1, 2).reshape(n, t, -1).matmul(w_o)
