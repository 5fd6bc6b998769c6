"""The sizes at which a loop is looked for: as torch is called, and by the clock when graded."""

from __future__ import annotations

from typing import Any

import torch

from autograder.testing.inputs import Draw
from autograder.testing.parallel import Scaling

# Many of the one meet few of the other: their product would hide what a loop costs.
_QUERIES = {"batch": 1, "queries": 256, "keys": 4, "width": 4}
_KEYS = {"batch": 1, "queries": 4, "keys": 512, "width": 4}
_GPU_LONG = {"batch": 8, "queries": 1024, "keys": 1024, "width": 64}


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
        Scaling("queries", _QUERIES, _GPU_LONG, _qk),
        Scaling("keys", _KEYS, _GPU_LONG, _qk),
    ],
    "weighted_sum": [
        Scaling("queries", _QUERIES, _GPU_LONG, _weights_and_values),
        Scaling("keys", _KEYS, _GPU_LONG, _weights_and_values),
    ],
    "attention": [
        Scaling(
            "batch",
            {"batch": 256, "queries": 4, "keys": 4, "width": 4},
            {"batch": 2048, "queries": 8, "keys": 8, "width": 8},
            _qkv,
        ),
        Scaling("queries", _QUERIES, _GPU_LONG, _qkv),
        Scaling("keys", _KEYS, _GPU_LONG, _qkv),
    ],
}
