"""Along what a loop is looked for: by how torch is called, and by the clock when graded."""

from __future__ import annotations

from typing import Any

import torch

from autograder.testing.inputs import Draw
from autograder.testing.parallel import Scaling

# Many of the one meet few of the other: their product would hide what a loop costs.
_QUERIES = {"batch": 1, "queries": 16384, "keys": 4, "width": 4}
_KEYS = {"batch": 1, "queries": 4, "keys": 16384, "width": 4}
_BATCH = {"batch": 16384, "queries": 2, "keys": 3, "width": 2}
_MORE = 32768  # a step of one product alone is shorter


def _normal(draw: Draw, *shape: int, std: float = 1.0) -> torch.Tensor:
    return draw.normal(*shape, std=std, dtype=torch.float32)


def _qk(draw: Draw, n: int, t_q: int, t_k: int, d: int) -> list[Any]:
    return [_normal(draw, n, t_q, d, std=0.5), _normal(draw, n, t_k, d)]


def _qkv(draw: Draw, n: int, t_q: int, t_k: int, d: int) -> list[Any]:
    return [*_qk(draw, n, t_q, t_k, d), _normal(draw, n, t_k, d)]


def _weights_and_values(draw: Draw, n: int, t_q: int, t_k: int, d: int) -> list[Any]:
    return [_normal(draw, n, t_q, t_k).softmax(-1), _normal(draw, n, t_k, d)]


SCALINGS: dict[str, list[Scaling]] = {
    "score": [
        Scaling("queries", {**_QUERIES, "queries": _MORE}, 256, 0.04, 0.01, _qk),
        Scaling("keys", {**_KEYS, "keys": _MORE}, 256, 0.04, 0.01, _qk),
    ],
    "weighted_sum": [
        Scaling("queries", {**_QUERIES, "queries": _MORE}, 256, 0.045, 0.01, _weights_and_values),
        Scaling("keys", {**_KEYS, "keys": _MORE}, 256, 0.045, 0.01, _weights_and_values),
    ],
    "attention": [
        Scaling("batch", _BATCH, 256, 0.055, 0.02, _qkv, "sentences"),
        Scaling("queries", _QUERIES, 256, 0.035, 0.01, _qkv),
        Scaling("keys", _KEYS, 256, 0.06, 0.01, _qkv),
    ],
}
