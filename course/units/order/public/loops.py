"""Along what a loop is looked for: by how torch is called, and by the clock when graded."""

from __future__ import annotations

from typing import Any

import torch

from autograder.testing.inputs import Draw
from autograder.testing.parallel import Scaling

_LENGTH = {"batch": 2, "length": 128, "width": 4}
_WORDS = 5  # in the vocabulary


def _language_model(draw: Draw, n: int, t: int, d: int) -> list[Any]:
    params = {
        "embed": draw.normal(_WORDS, d, dtype=torch.float32),
        **{name: draw.weight(d, d, dtype=torch.float32) for name in ("w_q", "w_k", "w_v")},
        "out_w": draw.weight(d, _WORDS, dtype=torch.float32),
        "out_b": draw.normal(_WORDS, dtype=torch.float32),
    }
    return [draw.integers(0, _WORDS, n, t), params]


SCALINGS: dict[str, list[Scaling]] = {
    "next_words": [
        # As in self-attention over its length: arithmetic grows as the loop does.
        Scaling("length", _LENGTH, 128, 0.45, 0.2, _language_model, "positions", calls=8),
    ],
}
