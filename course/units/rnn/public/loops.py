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


def _sequence(draw: Draw, n: int, t: int, d: int) -> list[Any]:
    weights = [draw.weight(d, d, dtype=torch.float32), draw.weight(d, d, dtype=torch.float32)]
    return [_normal(draw, n, t, d), _normal(draw, n, d), *weights, _normal(draw, d)]


SCALINGS: dict[str, list[Scaling]] = {
    "rnn": [Scaling("batch", _SENTENCES, {**_GPU_SENTENCES, "length": 4}, _sequence)],
}
