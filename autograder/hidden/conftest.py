"""What hidden tests share besides the plugin: pictures for the report."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

MOST = 4096  # numbers in one picture


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Keep the numbers of a picture: `figure("attention_weights", weights)`.

    They may be a student's, whatever those are: what cannot be drawn is left out, and no failure.
    For the forms there are see autograder/reports/figures.py.
    """

    def keep(name: str, content: object) -> None:
        request.node.user_properties.append((name, _plain(content)))

    return keep


@pytest.fixture
def part() -> Callable[..., Any]:
    """`part(got, 1, 0)`: of a student's result what `got[1][0]` is, or None if there is no such."""

    def part(value: Any, *places: int) -> Any:
        for place in places:
            try:
                value = value[place]
            except (TypeError, IndexError, KeyError):
                return None
        return value

    return part


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
