"""How a unit's mistakes.py enters them: small wrong variants of its functions, each with its help.

Most are the right function with a step wrong. It is written once, and its steps are slots:

def softmax(scores, dim=-1, *, exponential=torch.exp): ...

wrong("base_two", softmax, exponential=torch.exp2)(en="The base is …", zh="底数 …")

A variant that shares no steps with the right function is written as a whole:

@mistake("softmax", "hardmax", en="Only the largest …", zh="只有最大的 …")
def softmax_hard(scores, dim=-1): ...

A variant is complete in its module (torch, numpy and the module's own helpers), so that it can
also be put into an otherwise perfect submission and prove that the hidden tests catch it. This
module is put there too: it imports nothing of ours.
"""

from __future__ import annotations

import functools
import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Variant = Callable[..., Any]
Help = dict[str, str]


@dataclass(frozen=True)
class Mistake:
    """One known mistake in one function. `help` is by language, and gives no answer away."""

    function: str
    id: str
    help: Help
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
        _enter(variant.__module__, Mistake(function, id, {"en": en, "zh": zh}, variant))
        return variant

    return register


def wrong(
    id: str,  # noqa: A002
    /,
    *functions: Variant,
    **slots: Any,
) -> Callable[..., Help]:
    """Enter each of the functions with these slots wrong: `wrong(…)(en="…", zh="…")`.

    A list holds several wrong values, and each of them makes a variant. The help comes back, for
    other variants that are told the same: `wrong(…)(**HELP)`.
    """
    alternatives = [value if isinstance(value, list) else [value] for value in slots.values()]

    def explained(*, en: str, zh: str) -> Help:
        told = {"en": en, "zh": zh}
        for values in itertools.product(*alternatives):
            for function in functions:
                variant = functools.partial(function, **dict(zip(slots, values, strict=True)))
                _enter(function.__module__, Mistake(function.__name__, id, told, variant))
        return told

    return explained


def _enter(module: str, made: Mistake) -> None:
    vars(sys.modules[module]).setdefault("KNOWN", []).append(made)
