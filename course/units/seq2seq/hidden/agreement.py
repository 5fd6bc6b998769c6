"""The solution against PyTorch's own layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from autograder.testing.layers import Compared, normal, with_parameters


def layers(modules: Mapping[str, Any]) -> Compared:
    """Pairs of results, the solution's and the layer's, in float64."""
    lengths = torch.tensor([11, 3, 7])
    embed, w_x, w_h, b_x, b_h = (normal(*s) for s in [(13, 5), (5, 21), (7, 21), (21,), (21,)])
    params = {"enc_embed": embed, "enc_w_x": w_x, "enc_w_h": w_h, "enc_b_x": b_x, "enc_b_h": b_h}
    tokens = torch.randint(0, 13, (3, 11))
    layer = with_parameters(torch.nn.GRU(5, 7, batch_first=True), w_x.T, w_h.T, b_x, b_h)
    words = torch.nn.utils.rnn.pack_padded_sequence(
        embed[tokens], lengths, batch_first=True, enforce_sorted=False
    )
    _, context = modules["seq2seq"].encode(tokens, lengths, params)
    yield "nn.GRU, packed", context, layer(words)[1][0]
