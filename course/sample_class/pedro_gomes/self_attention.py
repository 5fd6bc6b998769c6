# Pedro Gomes - devagar mas certo
import torch

from attention import attention


def project(x, w_q, w_k, w_v):
    return x @ w_q, x @ w_k, x @ w_v


def causal_mask(length, device=None):
    return torch.tensor([[j <= i for j in range(length)] for i in range(length)], device=device)


def self_attention(x, w_q, w_k, w_v, causal=False):
    mask = causal_mask(x.shape[1], x.device) if causal else None
    frases = []
    for n in range(x.shape[0]):
        q, k, v = project(x[n], w_q, w_k, w_v)
        frases.append(attention(q, k, v, mask)[0])
    return torch.stack(frases)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    d_k, d_v = w_q.shape[1] // heads, w_v.shape[1] // heads
    saida = 0
    for c in range(heads):
        cabeca = self_attention(
            x,
            w_q[:, c * d_k : (c + 1) * d_k],
            w_k[:, c * d_k : (c + 1) * d_k],
            w_v[:, c * d_v : (c + 1) * d_v],
            causal,
        )
        saida = saida + cabeca @ w_o[c * d_v : (c + 1) * d_v]
    return saida
