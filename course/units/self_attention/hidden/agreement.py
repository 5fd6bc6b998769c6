"""The solution against PyTorch's own layers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F

from autograder.testing.layers import Compared, normal, with_parameters


def layers(modules: Mapping[str, Any]) -> Compared:
    """Pairs of results, the solution's and the layer's, in float64."""
    unit = modules["self_attention"]
    x, weights = normal(2, 11, 15), [normal(15, 15) / 15**0.5 for _ in range(4)]
    for causal in (False, True):
        name = ", causal" * causal
        q, k, v = (x @ w for w in weights[:3])
        expected = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        yield f"SDPA{name}", unit.self_attention(x, *weights[:3], causal), expected
        heads = torch.nn.MultiheadAttention(15, 3, bias=False, batch_first=True)
        layer = with_parameters(heads, torch.cat(weights[:3], 1).T, weights[3].T)
        hidden = torch.ones(11, 11, dtype=torch.bool).triu(1) if causal else None
        expected = layer(x, x, x, attn_mask=hidden, need_weights=False)[0]
        got = unit.multi_head_self_attention(x, *weights, 3, causal)
        yield f"nn.MultiheadAttention{name}", got, expected
