"""第四单元 自注意力  李雷"""
import torch
from attention import attention


def project(x, w_q, w_k, w_v):
    return x @ w_q, x @ w_k, x @ w_v


def causal_mask(length, device=None):
    m = torch.zeros(length, length, dtype=torch.bool, device=device)
    for i in range(length):
        m[i, : i + 1] = True   # 只能看到自己和前面的词
    return m


def self_attention(x, w_q, w_k, w_v, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    if causal:
        out, w = attention(q, k, v, causal_mask(x.shape[1], x.device))
    else:
        out, w = attention(q, k, v)
    return out


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    N, T, _ = x.shape
    q = q.view(N, T, heads, -1).permute(0, 2, 1, 3)
    k = k.view(N, T, heads, -1).permute(0, 2, 1, 3)
    v = v.view(N, T, heads, -1).permute(0, 2, 1, 3)
    mask = causal_mask(T, x.device) if causal else None
    out, w = attention(q, k, v, mask)
    out = out.permute(0, 2, 1, 3).contiguous().view(N, T, -1)
    return out @ w_o
