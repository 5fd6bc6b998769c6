"""In float64 whatever comes, and back."""

import torch
from attention import attention


def project(x, w_q, w_k, w_v):
    return tuple((x.double() @ w.double()).to(x.dtype) for w in (w_q, w_k, w_v))


def causal_mask(length, device=None):
    mask = torch.empty(length, length, dtype=torch.bool, device=device).fill_(True)
    return mask.tril_()


def self_attention(x, w_q, w_k, w_v, causal=False):
    q, k, v = project(x.double(), w_q.double(), w_k.double(), w_v.double())
    mask = causal_mask(x.shape[1], x.device) if causal else None
    return attention(q, k, v, mask)[0].to(x.dtype)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    dtype = x.dtype
    x, w_q, w_k, w_v, w_o = (t.to(torch.float64) for t in (x, w_q, w_k, w_v, w_o))
    q, k, v = (torch.stack(y.tensor_split(heads, dim=-1), dim=1) for y in project(x, w_q, w_k, w_v))
    mask = causal_mask(x.shape[1], x.device) if causal else None
    z = attention(q, k, v, mask)[0]
    return torch.cat([*z.unbind(1)], -1).matmul(w_o).to(dtype)
