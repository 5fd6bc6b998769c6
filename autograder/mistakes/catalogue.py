"""Recognises a known mistake: a wrong variant whose output equals the student's.

@mistake("softmax", "wrong_axis", en="The softmax runs over …", zh="softmax 的方向 …")
def softmax_wrong_axis(scores, dim=-1): ...
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Mistake:
    """One known mistake in one function. `help` is by language, and gives no answer away."""

    function: str
    id: str
    help: dict[str, str]
    variant: Callable[..., Any]


_KNOWN: dict[str, list[Mistake]] = {}


def mistake(
    function: str,
    id: str,  # noqa: A002 - the report's own word
    *,
    en: str,
    zh: str,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a wrong variant of `function`, in the module of its unit."""

    def register(variant: Callable[..., Any]) -> Callable[..., Any]:
        unit = variant.__module__.rpartition(".")[2]
        _KNOWN.setdefault(unit, []).append(Mistake(function, id, {"en": en, "zh": zh}, variant))
        return variant

    return register


def known(unit: str) -> list[Mistake]:
    """The known mistakes of a unit, in the order of its module."""
    name = f"autograder.misconceptions.{unit}"
    if importlib.util.find_spec(name):
        importlib.import_module(name)
    return _KNOWN.get(unit, [])
