"""The sizes at which a loop is looked for: as torch is called, and by the clock when graded."""

from __future__ import annotations

from typing import Any

import torch

from autograder.testing.inputs import Draw
from autograder.testing.parallel import Scaling

_SENTENCES = {"batch": 256, "length": 4, "width": 4}
_GPU_SENTENCES = {"batch": 2048, "length": 8, "width": 8}


def _normal(draw: Draw, *shape: int, std: float = 1.0) -> torch.Tensor:
    return draw.normal(*shape, std=std, dtype=torch.float32)


def _projected(draw: Draw, n: int, t: int, d: int) -> list[Any]:
    # Weights are scaled by 1/√D: others make denormals, which take up to six times as long.
    weights = [draw.weight(d, d, dtype=torch.float32) for _ in range(3)]
    return [_normal(draw, n, t, d, std=0.5), *weights]


def _heads(draw: Draw, n: int, t: int, d: int, heads: int) -> list[Any]:
    inner = 2 * heads  # a head is two wide
    weights = [draw.weight(d, inner, dtype=torch.float32) for _ in range(3)]
    mixed = draw.weight(inner, d, dtype=torch.float32)
    return [_normal(draw, n, t, d, std=0.5), *weights, mixed, heads]


SCALINGS: dict[str, list[Scaling]] = {
    "self_attention": [
        Scaling("batch", _SENTENCES, _GPU_SENTENCES, _projected),
        Scaling(
            "length",
            {"batch": 1, "length": 128, "width": 4},
            {"batch": 8, "length": 1024, "width": 64},
            _projected,
            pieces="positions",
        ),
    ],
    "multi_head_self_attention": [
        Scaling("batch", {**_SENTENCES, "heads": 2}, {**_GPU_SENTENCES, "heads": 2}, _heads),
        Scaling(
            "heads",
            {"batch": 2, "length": 4, "width": 8, "heads": 64},
            {"batch": 8, "length": 8, "width": 8, "heads": 256},
            _heads,
        ),
    ],
}
