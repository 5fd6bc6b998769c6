"""The solution against PyTorch's own layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F

from autograder.testing.layers import Compared, normal


def layers(modules: Mapping[str, Any]) -> Compared:
    """Pairs of results, the solution's and the layer's, in float64."""
    unit = modules["attention"]
    q, k, v = normal(2, 3, 5, 7), normal(2, 3, 11, 7), normal(2, 3, 11, 13)
    mask = torch.rand(2, 1, 5, 11) < 0.7
    mask[..., 0] = True
    yield "softmax", unit.softmax(q, dim=1), torch.softmax(q, 1)
    for name, hidden in (("", None), (", masked", mask)):
        expected = F.scaled_dot_product_attention(q, k, v, hidden)
        yield f"SDPA{name}", unit.attention(q, k, v, hidden)[0], expected
