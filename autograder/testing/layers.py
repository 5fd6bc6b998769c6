"""Comparing a solution with PyTorch's own layers: what a unit's agreement.py is written with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

Compared = Iterator[tuple[str, Any, Any]]  # what, the solution's result, PyTorch's


def normal(*shape: int) -> torch.Tensor:
    """Normal numbers, float64."""
    return torch.randn(*shape, dtype=torch.float64)


def with_parameters(layer: torch.nn.Module, *tensors: torch.Tensor) -> torch.nn.Module:
    """A layer with these tensors as its parameters, in the layer's own order."""
    layer = layer.double()
    with torch.no_grad():
        for parameter, tensor in zip(layer.parameters(), tensors, strict=True):
            parameter.copy_(tensor)
    return layer
