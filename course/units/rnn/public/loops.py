"""Along what a loop is looked for: by how torch is called, and by the clock when graded."""

from __future__ import annotations

from typing import Any

import torch

from autograder.testing.inputs import Draw
from autograder.testing.parallel import Scaling

_SENTENCES = {"batch": 4096, "length": 4, "width": 2, "hidden units": 3}
_UNITS = {"batch": 1, "length": 64, "width": 3, "hidden units": 256}


def _normal(draw: Draw, *shape: int, std: float = 1.0) -> torch.Tensor:
    return draw.normal(*shape, std=std, dtype=torch.float32)


def _sequence(draw: Draw, n: int, t: int, d: int, h: int) -> list[Any]:
    # Weights are scaled by 1/√D: others make denormals, which take up to six times as long.
    weights = [draw.weight(d, h, dtype=torch.float32), draw.weight(h, h, dtype=torch.float32)]
    return [_normal(draw, n, t, d), _normal(draw, n, h), *weights, _normal(draw, h)]


SCALINGS: dict[str, list[Scaling]] = {
    "rnn": [
        Scaling("batch", _SENTENCES, 128, 0.055, 0.01, _sequence, "sentences"),
        Scaling("hidden units", _UNITS, 8, 0.055, 0.02, _sequence),
    ],
}
