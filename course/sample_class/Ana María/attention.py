# -*- coding: utf-8 -*-
# Práctica 3 · Ana María Núñez
from typing import NamedTuple, Optional

import torch
from torch import Tensor


class Atencion(NamedTuple):
    """Lo que devuelve la atención."""

    salida: Tensor
    pesos: Tensor


def score(q: Tensor, k: Tensor) -> Tensor:
    return torch.einsum("...qd,...kd->...qk", q, k)


def scale(scores: Tensor, d_k: int) -> Tensor:
    return scores.mul(float(d_k) ** -0.5)


def softmax(scores: Tensor, dim: int = -1) -> Tensor:
    """exp(s - log Σ exp s): log-sum-exp ya resta el máximo."""
    fino = scores.to(torch.promote_types(scores.dtype, torch.float32))
    return (fino - fino.logsumexp(dim, keepdim=True)).exp().to(scores.dtype)


def weighted_sum(weights: Tensor, v: Tensor) -> Tensor:
    return torch.einsum("...qk,...kd->...qd", weights, v)


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor] = None) -> Atencion:
    logits = scale(score(q, k), k.shape[-1])
    if mask is not None:
        vacia = ~mask.any(-1, keepdim=True)  # consultas que no pueden mirar a nadie
        # En esas filas se deja todo abierto y luego se borra: así nunca hay -inf - (-inf).
        logits = logits.masked_fill(~(mask | vacia), -torch.inf)
        pesos = softmax(logits).masked_fill(vacia, 0)
    else:
        pesos = softmax(logits)
    return Atencion(weighted_sum(pesos, v), pesos)
