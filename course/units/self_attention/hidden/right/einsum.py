"""Heads as an index of their own, never moved."""

import torch
from torch import einsum


def project(x, w_q, w_k, w_v):
    return tuple(einsum("ntd,de->nte", x, w) for w in (w_q, w_k, w_v))


def causal_mask(length, device=None):
    position = torch.arange(length, device=device)
    return position.unsqueeze(0) <= position.unsqueeze(1)


def self_attention(x, w_q, w_k, w_v, causal=False):
    identity = torch.eye(w_v.shape[1], dtype=x.dtype, device=x.device)
    return multi_head_self_attention(x, w_q, w_k, w_v, identity, 1, causal)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    w_q, w_k, w_v = (w.unflatten(1, (heads, -1)) for w in (w_q, w_k, w_v))
    q, k, v = (einsum("ntd,dhe->nthe", x, w) for w in (w_q, w_k, w_v))
    scores = einsum("nihe,njhe->nhij", q, k) / q.shape[-1] ** 0.5
    if causal:
        scores = scores.masked_fill(~causal_mask(x.shape[1], x.device), -torch.inf)
    weights = scores.softmax(-1)
    w_o = w_o.unflatten(0, (heads, -1))
    return einsum("nhij,njhe,heo->nio", weights, v, w_o)
