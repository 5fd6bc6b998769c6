"""The solution against PyTorch's own layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from autograder.testing.layers import Compared, normal, with_parameters


def layers(modules: Mapping[str, Any]) -> Compared:
    """Pairs of results, the solution's and the layer's, in float64."""
    x, h, c = normal(3, 5), normal(3, 7), normal(3, 7)
    w_x, w_h, b, zero = normal(5, 28), normal(7, 28), normal(28), torch.zeros(28)
    lstm = with_parameters(torch.nn.LSTMCell(5, 7), w_x.T, w_h.T, b, zero)
    yield "nn.LSTMCell", modules["gates"].lstm_step(x, h, c, w_x, w_h, b), lstm(x, (h, c))
    w_x, w_h, b_x, b_h = normal(5, 21), normal(7, 21), normal(21), normal(21)
    gru = with_parameters(torch.nn.GRUCell(5, 7), w_x.T, w_h.T, b_x, b_h)
    yield "nn.GRUCell", modules["gates"].gru_step(x, h, w_x, w_h, b_x, b_h), gru(x, h)
