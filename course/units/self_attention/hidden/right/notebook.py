# %%
import torch
from attention import attention

# %%
x = torch.randn(2, 5, 4)
w = torch.randn(4, 3)


# %%
def project(x, w_q, w_k, w_v):
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return q, k, v


print([y.shape for y in project(x, w, w, w)])


# %%
def causal_mask(length, device=None):
    return torch.triu(torch.ones(length, length, device=device), diagonal=1) == 0


causal_mask(4)


# %%
def self_attention(x, w_q, w_k, w_v, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    out, _ = attention(q, k, v, causal_mask(x.shape[1]).to(x.device) if causal else None)
    return out


self_attention(x, w, w, w, causal=True)


# %%
def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    N, T, D = x.shape
    q, k, v = project(x, w_q, w_k, w_v)
    d_k, d_v = q.shape[-1] // heads, v.shape[-1] // heads
    q = q.reshape(N, T, heads, d_k).transpose(1, 2)
    k = k.reshape(N, T, heads, d_k).transpose(1, 2)
    v = v.reshape(N, T, heads, d_v).transpose(1, 2)
    out, weights = attention(q, k, v, causal_mask(T).to(x.device) if causal else None)
    out = out.transpose(1, 2).reshape(N, T, heads * d_v)
    return out @ w_o


# %%
multi_head_self_attention(x, *[torch.randn(4, 6)] * 3, torch.randn(6, 4), heads=2).shape
