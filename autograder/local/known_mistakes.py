"""Known mistakes by what they return in the public tests.

A student's release carries these marks of outputs in place of the wrong programs, which would be
half-solutions. `python -m autograder.mistakes.publish` makes them.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch

from autograder.core.course import find_root
from autograder.local.recorded import Fingerprint, RecordedMistake, load
from autograder.testing.calls import Invocation
from autograder.testing.compare import SAME

PROJECTIONS = 3
DIGITS = 12
HUGE = 1e150


def recognise(
    folder: Path, asked: Invocation, test: str, call: int, value: object
) -> list[RecordedMistake]:
    """The mistakes of a unit that returned `value` where this test failed; none is ever guessed."""
    try:
        known, found = load(find_root(folder)).get(asked.unit, []), mark(value)
    except Exception:  # there is no such list, or a program returned what cannot be added up
        return []
    return [
        mistake
        for mistake in known
        if mistake.function == asked.function
        and (seen := mistake.seen.get(test)) is not None
        and seen.call == call
        and near(seen.mark, found)
    ]


def mark(value: object) -> Fingerprint:
    """What is kept of an output: kinds, shapes, and a few weighted sums of its numbers.

    Sums can be compared with a tolerance, which a hash cannot, and need no room.
    """
    if isinstance(value, (torch.Tensor, np.ndarray)):
        array = torch.as_tensor(np.array(value) if isinstance(value, np.ndarray) else value)
        kind = "array" if isinstance(value, np.ndarray) else str(array.dtype).rpartition(".")[2]
        return [kind, list(array.shape), *_sums(array)]
    if isinstance(value, (list, tuple)):
        return ["items", *map(mark, value)]
    if isinstance(value, dict):
        return ["items", *(mark(value[key]) for key in sorted(value))]
    if isinstance(value, (int, float, np.integer, np.floating)):
        return ["number", [], *_sums(torch.tensor(float(value), dtype=torch.float64))]
    return ["other", repr(value)[:200]]


def near(a: Fingerprint, b: Fingerprint) -> bool:
    """Whether two outputs are the same but for rounding, by their marks: relative to the norm."""
    if a[0] == b[0] == "items" and len(a) == len(b):
        return all(near(x, y) for x, y in zip(a[1:], b[1:], strict=True))
    if a[0] != b[0] or a[0] in ("items", "other"):
        return a == b
    (_, shape, odd, *sums), (_, other_shape, other_odd, *other_sums) = a, b
    dtype = getattr(torch, a[0], torch.float64)  # an array and a number have it
    allowed = SAME.get(dtype, SAME[torch.float64]) * max(sums[0], other_sums[0])
    pairs = zip(sums, other_sums, strict=True)
    return (shape, odd) == (other_shape, other_odd) and all(abs(x - y) <= allowed for x, y in pairs)


def _sums(array: torch.Tensor) -> list[Any]:
    """How many numbers are NaN, +∞ and -∞; the others' Euclidean norm and weighted sums.

    What is beyond HUGE counts as infinite: its square is.
    """
    flat = array.detach().flatten().to(torch.float64)
    flat = flat.where(flat.abs() < HUGE, flat * math.inf)
    odd = [int(some.sum()) for some in (flat.isnan(), flat == math.inf, flat == -math.inf)]
    finite = flat.where(flat.isfinite(), 0.0)
    order = torch.arange(1, len(flat) + 1, dtype=torch.float64)
    weights = [torch.cos(order * (k + 0.75)) for k in range(PROJECTIONS)]
    sums = [finite.square().sum().sqrt(), *(finite @ weight for weight in weights)]
    return [odd, *(_rounded(float(number)) for number in sums)]


def _rounded(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")
