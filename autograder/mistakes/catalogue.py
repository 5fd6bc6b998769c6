"""The known mistakes of a unit, and what follows from them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.core import units
from autograder.mistakes.entry import Mistake, Variant


def known(root: Path, unit: str) -> list[Mistake]:
    """The known mistakes of a unit, in the order of its hidden/mistakes.py."""
    return list(getattr(units.module(root, unit, "hidden.mistakes"), "KNOWN", []))


def common(root: Path, unit: str) -> list[Mistake]:
    """Those of them that are made so often that one program may make two: COMMON in the file."""
    often = getattr(units.module(root, unit, "hidden.mistakes"), "COMMON", ())
    return [mistake for mistake in known(root, unit) if mistake.id in often]


def pairs(mistakes: Sequence[Mistake]) -> Iterator[tuple[Mistake, Mistake, Variant]]:
    """Every two mistakes that one program can make at once, and the variant that makes both.

    These are mistakes of one function, in different slots of it. One may still hide the other, as
    a step that is left out hides what is wrong inside it.
    """
    for a, b in itertools.combinations(mistakes, 2):
        first, second = a.variant, b.variant
        if not (isinstance(first, functools.partial) and isinstance(second, functools.partial)):
            continue
        shared = first.keywords.keys() & second.keywords.keys()
        if first.func is second.func and a.id != b.id and not shared:
            yield a, b, functools.partial(first, **second.keywords)
