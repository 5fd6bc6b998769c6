"""The solution against PyTorch's own layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F

from autograder.testing.layers import Compared, normal, with_parameters


def layers(modules: Mapping[str, Any]) -> Compared:
    """Pairs of results, the solution's and the layers', in float64."""
    unit = modules["order"]
    names, shapes = ("embed", "w_q", "w_k", "w_v", "out_w"), [(11, 6), *[(6, 6)] * 3, (6, 11)]
    params = {name: normal(*shape) / 2 for name, shape in zip(names, shapes, strict=True)}
    params["out_b"] = normal(11)
    tokens = torch.arange(14).reshape(2, 7) * 5 % 11
    x = F.embedding(tokens, params["embed"]) + unit.positions(7, 6)
    attention = torch.nn.MultiheadAttention(6, 1, bias=False, batch_first=True)
    weights = torch.cat([params[name] for name in names[1:4]], 1).T
    layer = with_parameters(attention, weights, torch.eye(6))
    hidden = torch.ones(7, 7, dtype=torch.bool).triu(1)
    y = layer(x, x, x, attn_mask=hidden, need_weights=False)[0]
    logits = F.linear(y, params["out_w"].T, params["out_b"])
    yield "nn.MultiheadAttention, causal", unit.next_words(tokens, params), logits
    expected = torch.nn.CrossEntropyLoss()(logits[:, :-1].mT, tokens[:, 1:])
    yield "nn.CrossEntropyLoss", unit.mean_loss(tokens, params), expected
