"""Programs that are alike, side by side: a page for an instructor alone, without points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from autograder.core.course import Course, Unit
from autograder.core.language import Language
from autograder.reports.pages.html import rendered

MOST_PAIRS = 200  # with their programs, which are long


class Part(NamedTuple):
    """A part of a text, and whether the other one has it, too."""

    text: str
    shared: bool


class Pair(NamedTuple):
    """Two programs of a unit that are alike. share: of the shorter one, what the other has."""

    unit: str
    share: float
    one: str
    other: str
    parts: list[Part]
    other_parts: list[Part]


def similar_page(
    pairs: Sequence[Pair],
    units: Sequence[Unit],
    short: Mapping[str, Sequence[str]],
    course: Course,
    language: Language,
) -> str:
    """The page. short: by unit, the functions that are too short to tell."""
    return rendered(
        "similar.html",
        course,
        language,
        pairs=pairs,
        shown=pairs[:MOST_PAIRS],
        units={unit.name: unit for unit in units},
        short={unit: names for unit, names in short.items() if names},
    )
