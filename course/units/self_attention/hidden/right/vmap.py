"""Written for one head of one sentence, mapped over both."""

import torch
from attention import attention


def project(x, w_q, w_k, w_v):
    return torch.vmap(lambda s: (s @ w_q, s @ w_k, s @ w_v))(x)


def causal_mask(length, device=None):
    row = torch.arange(length, device=device)
    return torch.vmap(lambda i: row <= i)(row)


def self_attention(x, w_q, w_k, w_v, causal=False):
    mask = causal_mask(x.shape[1], x.device) if causal else None

    def sentence(q, k, v):
        return attention(q, k, v, mask)[0]

    return torch.vmap(sentence)(*project(x, w_q, w_k, w_v))


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    def head(q, k, v):
        return self_attention(x, q, k, v, causal)

    blocks = [w.reshape(w.shape[0], heads, -1) for w in (w_q, w_k, w_v)]
    outputs = torch.vmap(head, in_dims=1, out_dims=2)(*blocks)
    return outputs.flatten(2) @ w_o
