"""A torch.nn.Module, as in a library, whose parameters are given."""

import torch
from attention import attention
from torch import nn


class MultiHead(nn.Module):
    def __init__(self, heads, causal):
        super().__init__()
        self.heads, self.causal = heads, causal

    def split(self, y):
        n, t, width = y.shape
        return y.view(n, t, self.heads, width // self.heads).transpose(1, 2)

    def forward(self, x, w_q, w_k, w_v):
        q, k, v = (self.split(y) for y in project(x, w_q, w_k, w_v))
        mask = causal_mask(x.shape[1], x.device)[None, None] if self.causal else None
        z = attention(q, k, v, mask)[0]
        return z.transpose(1, 2).contiguous().view(*x.shape[:2], -1)


def project(x, w_q, w_k, w_v):
    return x @ w_q, x @ w_k, x @ w_v


def causal_mask(length, device=None):
    return torch.full((length, length), True, device=device).tril(diagonal=0)


def self_attention(x, w_q, w_k, w_v, causal=False):
    return MultiHead(1, causal)(x, w_q, w_k, w_v)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    return MultiHead(heads, causal)(x, w_q, w_k, w_v) @ w_o
