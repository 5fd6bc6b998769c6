"""Inputs at the edges of what is allowed: exact zeros and ones, very large and small numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

FAR = 1e12


def edges(
    args: Sequence[Any],
    *powers: Sequence[int],
    groups: Sequence[Sequence[int]] = ((0, 2, 4), (1, 3, 5)),
) -> Iterator[list[Any]]:
    """The arguments with a group of them zero, zeros and ones in the others; and all scaled.

    powers: for each scaling, of which power of FAR each argument is a multiple; such that what
    grows meets what shrinks, or all is saturated and nothing else is seen.
    groups: numbers of arguments that are zero together, and leave something to be computed.
    """
    for group in groups:
        yield [scaled(a, 0.0) if i in group else _marked(a) for i, a in enumerate(args)]
    for exponents in powers:
        yield [scaled(a, FAR**power) for a, power in zip(args, exponents, strict=True)]


def scaled(value: Any, factor: float) -> Any:
    """A value with its floating numbers times a factor, -0 being 0."""
    return _each(value, lambda array: array * factor + 0.0)


def _marked(value: Any) -> Any:
    """A value in whose arrays every fifth number is 0, and the one after it 1 or -1."""

    def mark(array: torch.Tensor) -> torch.Tensor:
        flat = array.flatten()
        flat[::5] = 0
        flat[1::5] = flat[1::5].sign()
        return flat.view(array.shape)

    return _each(value, mark)


def _each(value: Any, change: Any) -> Any:
    """A value with every floating array changed, also in lists and dicts."""
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return change(value.clone())
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return change(torch.tensor(value)).numpy()
    if isinstance(value, Mapping):
        return {key: _each(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_each(item, change) for item in value]
    return value
