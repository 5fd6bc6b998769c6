# Pedro Gomes - devagar mas certo
import math

import torch


def score(q, k):
    colunas = [(q * k[..., j : j + 1, :]).sum(-1) for j in range(k.shape[-2])]  # uma chave de cada vez
    return torch.stack(colunas, dim=-1)


def scale(scores, d_k):
    return scores / math.sqrt(d_k)


def softmax(scores, dim=-1):
    e = torch.exp(scores - scores.amax(dim, keepdim=True))
    return e / e.sum(dim, keepdim=True)


def weighted_sum(weights, v):
    saida = 0
    for j in range(v.shape[-2]):
        saida = saida + weights[..., j : j + 1] * v[..., j : j + 1, :]
    return saida


def attention(q, k, v, mask=None):
    saidas, pesos = [], []
    for i in range(q.shape[-2]):  # uma consulta de cada vez
        s = scale(q[..., i : i + 1, :] @ k.transpose(-1, -2), q.shape[-1])
        if mask is not None:
            m = mask[..., i : i + 1, :]
            w = softmax(s.masked_fill(~m, torch.finfo(s.dtype).min)).masked_fill(~m, 0)
        else:
            w = softmax(s)
        pesos.append(w)
        saidas.append(w @ v)
    return torch.cat(saidas, dim=-2), torch.cat(pesos, dim=-2)
