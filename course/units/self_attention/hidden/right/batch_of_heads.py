"""Batch and heads flattened to one axis, then torch.bmm."""

import torch


def project(x, w_q, w_k, w_v):
    flat = x.flatten(0, 1)
    return tuple(torch.mm(flat, w).unflatten(0, x.shape[:2]) for w in (w_q, w_k, w_v))


def causal_mask(length, device=None):
    index = torch.tril_indices(length, length, device=device)
    mask = torch.zeros(length, length, dtype=torch.bool, device=device)
    mask[index[0], index[1]] = True
    return mask


def bmm_attention(q, k, v, causal):
    scores = torch.bmm(q * q.shape[-1] ** -0.5, k.transpose(1, 2))
    if causal:
        allowed = causal_mask(q.shape[1], q.device).expand_as(scores)
        scores = scores.where(allowed, torch.finfo(scores.dtype).min)
    scores = scores - scores.amax(-1, keepdim=True)
    weights = scores.exp() / scores.exp().sum(-1, keepdim=True)
    return torch.bmm(weights, v)


def self_attention(x, w_q, w_k, w_v, causal=False):
    return bmm_attention(*project(x, w_q, w_k, w_v), causal)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    n, t, _ = x.shape

    def together(y):
        return y.view(n, t, heads, -1).transpose(1, 2).reshape(n * heads, t, -1)

    z = bmm_attention(*map(together, project(x, w_q, w_k, w_v)), causal)
    return z.view(n, heads, t, -1).transpose(1, 2).reshape(n, t, -1) @ w_o
