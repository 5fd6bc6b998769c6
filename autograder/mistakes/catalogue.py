"""Known mistakes: small wrong variants of a unit's functions, each with its help.

@mistake("softmax", "wrong_axis", en="The softmax runs over …", zh="softmax 的方向 …")
def softmax_wrong_axis(scores, dim=-1): ...

A variant is complete in its module (torch, numpy and the module's own helpers), so that it can
also be put into an otherwise perfect submission and prove that the hidden tests catch it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.core import units


@dataclass(frozen=True)
class Mistake:
    """One known mistake in one function. `help` is by language, and gives no answer away."""

    function: str
    id: str
    help: dict[str, str]
    variant: Callable[..., Any]


def mistake(
    function: str,
    id: str,  # noqa: A002 - the report's own word
    *,
    en: str,
    zh: str,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a wrong variant of `function` in its module's list, KNOWN."""

    def register(variant: Callable[..., Any]) -> Callable[..., Any]:
        made = Mistake(function, id, {"en": en, "zh": zh}, variant)
        vars(sys.modules[variant.__module__]).setdefault("KNOWN", []).append(made)
        return variant

    return register


def known(root: Path, unit: str) -> list[Mistake]:
    """The known mistakes of a unit, in the order of its hidden/mistakes.py."""
    return list(getattr(units.module(root, unit, "hidden.mistakes"), "KNOWN", []))
