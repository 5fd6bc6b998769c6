import torch
import torch.nn.functional as F


class CausalSelfAttention(torch.nn.Module):
    def __init__(self, w_qkv, w_o, sizes, n_head):
        super().__init__()
        self.w_qkv, self.w_o, self.sizes, self.n_head = w_qkv, w_o, sizes, n_head

    def forward(self, x, causal):
        B, T, C = x.size()
        parts = (x @ self.w_qkv).split(self.sizes, dim=2)
        q, k, v = (p.reshape(B, T, self.n_head, p.size(2) // self.n_head).transpose(1, 2) for p in parts)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        y = y.transpose(1, 2).contiguous().flatten(2)
        return y if self.w_o is None else y @ self.w_o


def project(x, w_q, w_k, w_v):
    return (x @ torch.cat([w_q, w_k, w_v], 1)).split([w_q.size(1), w_k.size(1), w_v.size(1)], 2)


def causal_mask(length, device=None):
    return torch.tril(torch.ones((length, length), dtype=torch.bool, device=device))


def block(x, w_q, w_k, w_v, w_o, heads, causal):
    sizes = [w.size(1) for w in (w_q, w_k, w_v)]
    return CausalSelfAttention(torch.cat([w_q, w_k, w_v], 1), w_o, sizes, heads)(x, causal)


def self_attention(x, w_q, w_k, w_v, causal=False):
    return block(x, w_q, w_k, w_v, None, 1, causal)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    return block(x, w_q, w_k, w_v, w_o, heads, causal)
