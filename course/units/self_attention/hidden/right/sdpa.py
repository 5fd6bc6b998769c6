"""PyTorch's own attention."""

import torch
import torch.nn.functional as F


def project(x, w_q, w_k, w_v):
    return F.linear(x, w_q.T), F.linear(x, w_k.T), F.linear(x, w_v.T)


def causal_mask(length, device=None):
    return ~torch.ones(length, length, device=device).bool().triu(diagonal=1)


def self_attention(x, w_q, w_k, w_v, causal=False):
    return F.scaled_dot_product_attention(*project(x, w_q, w_k, w_v), is_causal=causal)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    q, k, v = (y.view(*y.shape[:2], heads, -1).transpose(1, 2) for y in project(x, w_q, w_k, w_v))
    z = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return F.linear(z.transpose(1, 2).flatten(start_dim=2), w_o.T)
