"""The solution against PyTorch's own layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F

from autograder.testing.layers import Compared, normal


def layers(modules: Mapping[str, Any]) -> Compared:
    """Pairs of results, the solution's and the layer's, in float64."""
    q, k, v = normal(2, 3, 5, 7), normal(2, 3, 11, 7), normal(2, 3, 11, 13)
    got = modules["streaming_attention"].streaming_attention(q, k, v, 4)
    yield "SDPA", got, F.scaled_dot_product_attention(q, k, v)
