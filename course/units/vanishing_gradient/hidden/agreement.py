"""The solution against PyTorch's own layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from autograder.testing.layers import Compared, normal


def layers(modules: Mapping[str, Any]) -> Compared:
    """Pairs of results, the solution's and the layer's, in float64."""
    unit = modules["vanishing_gradient"]
    h, w, x = normal(7), normal(7, 7), normal(7)

    def step(h: torch.Tensor) -> torch.Tensor:
        return torch.tanh(x + h @ w)

    got = unit.step_jacobian(step(h).numpy(), w.numpy())
    yield "torch.func.jacrev", got, torch.func.jacrev(step)(h)
    yield "linalg.eigvals", unit.spectral_radius(w.numpy()), torch.linalg.eigvals(w).abs().max()
