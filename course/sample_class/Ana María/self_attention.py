# -*- coding: utf-8 -*-
# Práctica 4 · Ana María Núñez
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor


class QKV(NamedTuple):
    """Consultas, claves, valores."""

    q: Tensor
    k: Tensor
    v: Tensor


def project(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> QKV:
    # una sola multiplicación y después se corta
    juntos = x @ torch.cat((w_q, w_k, w_v), dim=1)
    return QKV(*juntos.split([w_q.shape[1], w_k.shape[1], w_v.shape[1]], dim=-1))


def causal_mask(length: int, device=None) -> Tensor:
    t = torch.arange(length, device=device)
    return t[:, None] >= t


def self_attention(x, w_q, w_k, w_v, causal=False):
    return F.scaled_dot_product_attention(*project(x, w_q, w_k, w_v), is_causal=causal)


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
    cabezas = [torch.stack(y.chunk(heads, dim=-1), dim=1) for y in project(x, w_q, w_k, w_v)]
    salida = F.scaled_dot_product_attention(*cabezas, is_causal=causal)  # (N, heads, T, d_v)
    # concatenar y multiplicar por w_o = sumar cabeza por cabeza
    return torch.einsum("nhtd,hdo->nto", salida, w_o.reshape(heads, -1, w_o.shape[-1]))
