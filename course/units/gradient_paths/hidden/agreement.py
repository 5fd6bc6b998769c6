"""The solution against PyTorch's own layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F

from autograder.testing.layers import Compared, normal, with_parameters


def layers(modules: Mapping[str, Any]) -> Compared:
    """Pairs of results, the solution's and the layers', in float64."""
    x = normal(3, 11, 5).requires_grad_()
    w_xh, w_hh, b = normal(5, 7), normal(7, 7) / 7**0.5, normal(7)
    own = {"w_xh": w_xh, "w_hh": w_hh, "b": b}
    cell = with_parameters(torch.nn.RNN(5, 7, batch_first=True), w_xh.T, w_hh.T, b, torch.zeros(7))
    yield "nn.RNN", *_norms(modules, "rnn", x, own, cell(x)[0])
    w_x, w_h, b = normal(5, 28), normal(7, 28) / 7**0.5, normal(28)
    own = {"w_x": w_x, "w_h": w_h, "b": b}
    cell = with_parameters(torch.nn.LSTM(5, 7, batch_first=True), w_x.T, w_h.T, b, torch.zeros(28))
    yield "nn.LSTM", *_norms(modules, "lstm", x, own, cell(x)[0])
    own = {"w_q": normal(5, 7), "w_k": normal(5, 7), "w_v": normal(5, 3)}
    q, k, v = (x @ w for w in own.values())
    yield "SDPA", *_norms(modules, "attention", x, own, F.scaled_dot_product_attention(q, k, v))


def _norms(
    modules: Mapping[str, Any],
    kind: str,
    x: torch.Tensor,
    params: dict[str, torch.Tensor],
    y: torch.Tensor,
) -> tuple[Any, torch.Tensor]:
    """The solution's norms, (T,), and those of the gradients of a layer's output y, (N, T, H)."""
    (pulled,) = torch.autograd.grad(y[:, -1].sum(), x)
    got = modules["gradient_paths"].gradient_by_distance(kind, x.detach(), params)
    return got, torch.linalg.vector_norm(pulled, dim=(0, 2))
