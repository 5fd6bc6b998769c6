"""Pictures for the report, made of what a student's functions gave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

MOST = 4096  # numbers in one picture


def keeper(test: pytest.Item) -> Callable[[str, object], None]:
    """What the fixture `figure` is for a test: it keeps a picture's numbers, by a name.

    They may be a student's, whatever those are: what cannot be drawn is left out, and no failure.
    For the forms there are see autograder/reports/pages/figures.py.
    """
    return lambda name, content: test.user_properties.append((name, _plain(content)))


def part(value: Any, *places: int | slice) -> Any:
    """`part(got, 1, 0)`: of a student's result what `got[1][0]` is, or None if there is no such."""
    for place in places:
        try:
            value = value[place]
        except (TypeError, IndexError, KeyError):
            return None
    return value


def _plain(content: object) -> Any:
    """Tensors and arrays as lists of numbers; None for what is too large or no real numbers."""
    if isinstance(content, dict):
        return {name: _plain(value) for name, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [_plain(value) for value in content]
    if isinstance(content, torch.Tensor) and not content.is_complex():
        content = content.detach().double().numpy()
    if isinstance(content, np.ndarray):
        return content.tolist() if content.size <= MOST and content.dtype.kind in "fiu" else None
    return content if isinstance(content, (str, int, float)) else None
