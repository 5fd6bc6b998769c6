"""Nothing of the unit before is used."""

import math

import torch


def project(x, w_q, w_k, w_v):
    q = x @ w_q
    k = x @ w_k
    v = x @ w_v
    return q, k, v


def causal_mask(length, device=None):
    return torch.ones(length, length, device=device).tril() > 0


def core(q, k, v, causal):
    logits = q @ k.transpose(-1, -2) / math.sqrt(k.size(-1))
    if causal:
        bias = torch.full(logits.shape[-2:], -torch.inf, dtype=logits.dtype, device=logits.device)
        logits = logits + bias.triu(1)
    return (logits - logits.logsumexp(-1, keepdim=True)).exp() @ v


def self_attention(x, w_q, w_k, w_v, causal=False):
    return core(*project(x, w_q, w_k, w_v), causal)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    if w_q.shape[1] % heads or w_v.shape[1] % heads:
        raise RuntimeError(f"widths {w_q.shape[1]}, {w_v.shape[1]} are no {heads} equal heads")
    d_k, d_v = w_q.shape[1] // heads, w_v.shape[1] // heads
    q, k, v = project(x, w_q, w_k, w_v)
    outputs = []
    for h in range(heads):
        a, b = h * d_k, (h + 1) * d_k
        c, d = h * d_v, (h + 1) * d_v
        outputs.append(core(q[:, :, a:b], k[:, :, a:b], v[:, :, c:d], causal))
    return torch.cat(outputs, dim=2) @ w_o
