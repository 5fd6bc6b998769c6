"""Along what a loop is looked for: by how torch is called, and by the clock when graded."""

from __future__ import annotations

from typing import Any

import torch

from autograder.testing.inputs import Draw
from autograder.testing.parallel import Scaling

_BATCH = {"batch": 16384, "length": 2, "width": 3}
_BATCH_OF_HEADS = {"batch": 8192, "length": 2, "width": 3, "heads": 2}
_LENGTH = {"batch": 1, "length": 192, "width": 4}
_HEADS = {"batch": 2, "length": 3, "width": 4, "heads": 2048}


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
        Scaling("batch", _BATCH, 256, 0.065, 0.02, _projected, "sentences"),
        # Positions meet positions: arithmetic grows as the loop does, so no length is long enough.
        Scaling("length", _LENGTH, 192, 0.36, 0.12, _projected, "positions", calls=6),
    ],
    "multi_head_self_attention": [
        Scaling("batch", _BATCH_OF_HEADS, 128, 0.06, 0.02, _heads, "sentences"),
        Scaling("heads", _HEADS, 256, 0.3, 0.04, _heads),
    ],
}
