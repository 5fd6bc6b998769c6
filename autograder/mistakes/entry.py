"""How a unit's mistakes.py enters them: small wrong variants of its functions, each with its help.

@mistake("softmax", "wrong_axis", en="The softmax runs over …", zh="softmax 的方向 …")
def softmax_wrong_axis(scores, dim=-1): ...

A variant is complete in its module (torch, numpy and the module's own helpers), so that it can
also be put into an otherwise perfect submission and prove that the hidden tests catch it. This
module is put there too: it imports nothing of ours.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Variant = Callable[..., Any]


@dataclass(frozen=True)
class Mistake:
    """One known mistake in one function. `help` is by language, and gives no answer away."""

    function: str
    id: str
    help: dict[str, str]
    variant: Variant


def mistake(
    function: str,
    id: str,  # noqa: A002 - the report's own word
    *,
    en: str,
    zh: str,
) -> Callable[[Variant], Variant]:
    """Enter a wrong variant of `function` in its module's list, KNOWN."""

    def register(variant: Variant) -> Variant:
        made = Mistake(function, id, {"en": en, "zh": zh}, variant)
        vars(sys.modules[variant.__module__]).setdefault("KNOWN", []).append(made)
        return variant

    return register
