"""What the manifest says of a class: assignments with their dates, and what is made of marks.

None of it has a part in grading: it may change, and nothing is graded again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from autograder.core.errors import CourseError
from autograder.core.titles import Title

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Shown = Literal["nothing", "points", "reasons"]
Waivers = Mapping[str, Mapping[str, Title]]  # by unit and test: why it is wrong


class Assignment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units that are handed in together, and what becomes of late and missing work.

    due: with its offset from UTC. bonus: those of its units whose points are extra. grace_minutes:
    how much later is not late. penalty: the share of a unit's points that each day begun costs.
    cap: the share of them that late work gets at most. unknown_days: how late is what a platform
    calls late and tells no time of; left open where it is not said. attempts: which of several
    counts. missing: whether what was not handed in stays blank or is a zero.
    """

    units: list[str]
    title: Title | None = None
    due: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    bonus: list[str] = []
    grace_minutes: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    penalty: Share = 0.0
    cap: Share = 1.0
    unknown_days: Annotated[int, msgspec.Meta(ge=0)] | None = None
    attempts: Literal["last", "best"] = "last"
    missing: Literal["blank", "zero"] = "blank"


class Feedback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What students are shown of an assignment before it is due, and after."""

    before_due: Shown = "reasons"
    after_due: Shown = "reasons"


class Marking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is made of all marks. carry_forward: an error does not count again where it follows."""

    carry_forward: bool = False


def check(assignments: Mapping[str, Assignment], waive: Waivers, units: list[str]) -> None:
    """Raise CourseError where an assignment or a waiver names what there is not, or twice."""
    taken: dict[str, str] = {}
    for name, assignment in assignments.items():
        for unit in assignment.units:
            if unit not in units:
                raise CourseError(
                    f"[assignments.{name}]: there is no unit {unit!r}. "
                    f"The units are: {', '.join(units)}."
                )
            if unit in taken:
                raise CourseError(
                    f"[assignments.{name}]: the unit {unit!r} is in {taken[unit]!r} already."
                )
            taken[unit] = name
        if extra := [unit for unit in assignment.bonus if unit not in assignment.units]:
            raise CourseError(f"[assignments.{name}]: bonus names {extra[0]!r}, no unit of it.")
    for unit in waive:
        if unit not in units:
            raise CourseError(f"[waive.{unit}]: there is no unit {unit!r}.")
