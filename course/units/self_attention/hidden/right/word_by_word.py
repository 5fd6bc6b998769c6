"""One word asks after another. (Slow, and speed is not asked here.)"""

import torch


def project(x, w_q, w_k, w_v):
    words = x.unbind(1)
    return [torch.stack([word @ w for word in words], 1) for w in (w_q, w_k, w_v)]


def causal_mask(length, device=None):
    rows = [[j <= i for j in range(length)] for i in range(length)]
    return torch.tensor(rows, dtype=torch.bool, device=device)


def self_attention(x, w_q, w_k, w_v, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    outputs = []
    for i in range(x.shape[1]):
        seen = slice(i + 1) if causal else slice(None)
        keys, values = k[:, seen], v[:, seen]
        logits = torch.einsum("nd,njd->nj", q[:, i], keys) / keys.shape[-1] ** 0.5
        outputs.append(torch.einsum("nj,njd->nd", logits.softmax(1), values))
    return torch.stack(outputs, 1)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    blocks = zip(*(w.chunk(heads, dim=1) for w in (w_q, w_k, w_v)), strict=True)
    outputs = [self_attention(x, *block, causal) for block in blocks]
    return torch.cat(outputs, dim=-1) @ w_o
