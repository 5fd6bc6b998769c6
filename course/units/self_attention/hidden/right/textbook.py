import math

import torch


def project(x, w_q, w_k, w_v):
    q = torch.matmul(x, w_q)
    k = torch.matmul(x, w_k)
    v = torch.matmul(x, w_v)
    return q, k, v


def causal_mask(length, device=None):
    mask = torch.ones(length, length, device=device)
    mask = torch.tril(mask)
    return mask == 1


def self_attention(x, w_q, w_k, w_v, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    scores = torch.bmm(q, k.transpose(1, 2)) / math.sqrt(q.shape[2])
    if causal:
        scores = scores.masked_fill(~causal_mask(x.shape[1], x.device), float("-inf"))
    return torch.bmm(torch.softmax(scores, dim=2), v)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    N, T, _ = x.shape
    q, k, v = project(x, w_q, w_k, w_v)
    q = q.view(N, T, heads, q.shape[2] // heads).transpose(1, 2)
    k = k.view(N, T, heads, k.shape[2] // heads).transpose(1, 2)
    v = v.view(N, T, heads, v.shape[2] // heads).transpose(1, 2)
    scores = q @ k.transpose(2, 3) / math.sqrt(q.shape[3])
    if causal:
        scores = scores.masked_fill(~causal_mask(T, x.device), float("-inf"))
    out = torch.softmax(scores, dim=3) @ v
    return out.transpose(1, 2).contiguous().view(N, T, -1) @ w_o
