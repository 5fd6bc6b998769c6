# Übungsblatt 4, Jonas Müller
import torch

import attention as blatt3


def project(x, w_q, w_k, w_v):
    return torch.matmul(x, w_q), torch.matmul(x, w_k), torch.matmul(x, w_v)


def causal_mask(length, device=None):
    zeile = torch.arange(length, device=device).view(-1, 1)
    spalte = torch.arange(length, device=device).view(1, -1)
    return torch.ge(zeile, spalte)


def self_attention(x, w_q, w_k, w_v, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    maske = causal_mask(x.shape[1], x.device) if causal else None
    ausgabe, _ = blatt3.attention(q, k, v, maske)
    return ausgabe


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    maske = causal_mask(x.shape[1], x.device) if causal else None

    def aufteilen(y):
        return torch.stack(torch.tensor_split(y, heads, dim=-1), dim=1)

    ausgabe, _ = blatt3.attention(aufteilen(q), aufteilen(k), aufteilen(v), maske)
    return torch.matmul(torch.cat(ausgabe.unbind(1), dim=-1), w_o)
