"""The solution against PyTorch's own layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from autograder.testing.layers import Compared, normal, with_parameters


def layers(modules: Mapping[str, Any]) -> Compared:
    """Pairs of results, the solution's and the layer's, in float64."""
    x, h, w_xh, w_hh, b = (normal(*s) for s in [(3, 29, 5), (3, 7), (5, 7), (7, 7), (7,)])
    w_hh = w_hh / 7**0.5
    weights = w_xh.T, w_hh.T, b, torch.zeros_like(b)
    cell = with_parameters(torch.nn.RNNCell(5, 7), *weights)
    yield "nn.RNNCell", modules["rnn"].rnn_step(x[:, 0], h, w_xh, w_hh, b), cell(x[:, 0], h)
    layer = with_parameters(torch.nn.RNN(5, 7, batch_first=True), *weights)
    yield "nn.RNN", modules["rnn"].rnn(x, h, w_xh, w_hh, b), layer(x, h[None])[0]
