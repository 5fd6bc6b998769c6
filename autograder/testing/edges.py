"""Inputs at the edges of what is allowed: exact zeros and ones, very large and small numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from autograder.sandbox import evaluate

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
    return _floating(value, lambda array: array * factor + 0.0)


def _marked(value: Any) -> Any:
    """A value in whose arrays every fifth number is 0, and the one after it 1 or -1."""

    def mark(array: torch.Tensor) -> torch.Tensor:
        flat = array.flatten()
        flat[::5] = 0
        flat[1::5] = flat[1::5].sign()
        return flat.view(array.shape)

    return _floating(value, mark)


def _floating(value: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    """A value with every floating array changed, also in lists, tuples and dicts."""

    def one(array: torch.Tensor | np.ndarray) -> torch.Tensor | np.ndarray:
        if isinstance(array, torch.Tensor):
            return change(array.clone()) if array.is_floating_point() else array
        return change(torch.tensor(array)).numpy() if array.dtype.kind == "f" else array

    return evaluate.each(value, one)
