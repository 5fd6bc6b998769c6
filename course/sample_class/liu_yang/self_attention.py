# -*- coding: gbk -*-
# 刘洋 作业四
import math

import torch


def project(x, w_q, w_k, w_v):
    return x @ w_q, x @ w_k, x @ w_v


def causal_mask(length, device=None):
    # 下三角
    return torch.tril(torch.ones(length, length, device=device)) > 0


def 注意力(q, k, v, mask):
    s = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if mask is not None:
        s = s.masked_fill(~mask, float("-inf"))
    return torch.softmax(s, dim=-1) @ v


def self_attention(x, w_q, w_k, w_v, causal=False):
    mask = causal_mask(x.shape[1], x.device) if causal else None
    return 注意力(*project(x, w_q, w_k, w_v), mask)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    mask = causal_mask(x.shape[1], x.device) if causal else None
    q, k, v = project(x, w_q, w_k, w_v)
    outs = []
    for a, b, c in zip(q.chunk(heads, -1), k.chunk(heads, -1), v.chunk(heads, -1)):
        outs.append(注意力(a, b, c, mask))
    return torch.cat(outs, -1) @ w_o
