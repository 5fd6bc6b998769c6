"""A named tuple for the results, keyword arguments, small helpers."""

from collections import namedtuple

import torch
from torch import Tensor

Attended = namedtuple("Attended", "output weights")


def score(q: Tensor, k: Tensor) -> Tensor:
    return torch.inner(q, k) if q.dim() == 2 else torch.matmul(q, k.adjoint())


def scale(scores: Tensor, d_k: int) -> Tensor:
    return torch.true_divide(scores, pow(d_k, 0.5))


def softmax(scores: Tensor, dim: int = -1) -> Tensor:
    return torch.log_softmax(scores, dim=dim).exp()


def weighted_sum(weights: Tensor, v: Tensor) -> Tensor:
    return torch.matmul(input=weights, other=v)


def _hide(scores: Tensor, mask: Tensor) -> Tensor:
    return scores.where(mask, torch.finfo(scores.dtype).min)


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Attended:
    scores = scale(scores=score(q=q, k=k), d_k=q.shape[-1])
    weights = softmax(scores=scores if mask is None else _hide(scores, mask), dim=-1)
    weights = weights if mask is None else weights.where(mask, 0)
    return Attended(output=weighted_sum(weights=weights, v=v), weights=weights)
