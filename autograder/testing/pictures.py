"""Pictures for the report, made of what a student's functions gave."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

MOST = 4096  # numbers and letters in one picture


def keeper(test: pytest.Item) -> Callable[[str, object], None]:
    """What the fixture `figure` is for a test: it keeps a picture's numbers, by a name.

    They may be a student's, whatever those are: what cannot be drawn is left out, and no failure.
    For the forms there are see autograder/reports/pages/figures.py.
    """

    def keep(name: str, content: object) -> None:
        drawn = _plain(content) if _size(content) <= MOST else None
        test.user_properties.append((name, drawn))

    return keep


def part(value: Any, *places: int | slice) -> Any:
    """`part(got, 1, 0)`: of a student's result what `got[1][0]` is, or None if there is no such."""
    for place in places:
        try:
            value = value[place]
        except (TypeError, IndexError, KeyError):
            return None
    return value


def _size(content: object) -> int:
    """How much there is in a picture, counted without a copy of any array."""
    if isinstance(content, dict):
        return 1 + sum(len(str(name)) + _size(value) for name, value in content.items())
    if isinstance(content, (list, tuple)):
        return 1 + sum(map(_size, content))
    if isinstance(content, (torch.Tensor, np.ndarray)):
        return 1 + math.prod(content.shape)
    return len(content) if isinstance(content, str) else 1


def _plain(content: object) -> Any:
    """Tensors and arrays as lists of numbers; None for what is no real numbers."""
    if isinstance(content, dict):
        return {name: _plain(value) for name, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_plain(value) for value in content]
    if isinstance(content, torch.Tensor) and not content.is_complex():
        content = content.detach().double().numpy()
    if isinstance(content, np.ndarray):
        return content.tolist() if content.dtype.kind in "fiu" else None
    return content if isinstance(content, (str, int, float)) else None
