"""The solution against PyTorch's own layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from autograder.testing.layers import Compared, normal, with_parameters


def layers(modules: Mapping[str, Any]) -> Compared:
    """Pairs of results, the solution's and the layer's, in float64."""
    x, w, b = normal(3, 29, 5), normal(3, 5, 7), normal(7)
    for dilation in (1, 4):
        layer = torch.nn.Conv1d(5, 7, 3, padding="same", dilation=dilation)
        expected = with_parameters(layer, w.permute(2, 1, 0), b)(x.mT).mT
        got = modules["receptive_field"].conv1d(x, w, b, dilation)
        yield f"nn.Conv1d, dilation {dilation}", got, expected
