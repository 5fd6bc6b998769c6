"""How late work is, by the dates in the manifest and course/extensions.csv, and what that costs."""

from __future__ import annotations

import functools
import math
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

from autograder.core.assignments import Assignment
from autograder.core.errors import SubmissionsError
from autograder.core.language import Sentence, _, say
from autograder.marks.tables import Row, read
from autograder.reports.table import moment

FILE = "extensions.csv"
DAY = 86400.0
MOST_DAYS = 3660  # of an extension; what is no number is not among them, either
LATE = _("Late: %(days)s day(s) begun after %(due)s, by the course's rule for late work")


class Extension(NamedTuple):
    """More time for somebody: until a moment, or for so many days. what: "" for everything."""

    student: str
    what: str
    until: datetime | None
    days: float


class Handed(NamedTuple):
    """What is known of when work was handed in. late: a platform says so, and no time."""

    time: datetime | None = None
    late: bool = False


def load(path: Path) -> list[tuple[str, Extension]]:
    """Read course/extensions.csv, each row with where it stands. Raises SubmissionsError."""
    return [(row.where, _extension(row)) for row in read(path, ["student"]) or []]


def _extension(row: Row) -> Extension:
    until, days = row.first(["until"]), row.first(["days"])
    try:
        if bool(until) == bool(days):
            raise ValueError
        when, more = moment_of(until) if until else None, float(days or 0)
        if not abs(more) <= MOST_DAYS:
            raise ValueError
        return Extension(row.first(["student"]), row.first(["assignment", "unit"]), when, more)
    except ValueError:
        raise SubmissionsError(
            f"{row.where}: it needs either `until` (2026-10-14, or 2026-10-14T18:00) or `days` (2)."
        ) from None


def moment_of(text: str) -> datetime:
    """A time as ISO 8601 has it; a date alone is its last minute. Raises ValueError."""
    found = datetime.fromisoformat(text)
    if len(text) <= len("2026-10-14"):
        found = datetime.combine(found, time(23, 59))
    return found


def handed_in(written: str, late: str, due: datetime | None) -> Handed:
    """What people.csv says; a time without an offset is meant where the due date is."""
    try:
        found = datetime.fromisoformat(written) if written else None
    except ValueError:  # in a form that nobody knew
        found = None
    if found and found.tzinfo is None and due:
        found = found.replace(tzinfo=due.tzinfo)
    return Handed(found, bool(late))


def due_for(assignment: Assignment, extension: Extension | None) -> datetime | None:
    """When the work is due for somebody: never before the others'."""
    due = assignment.due
    if due is None or extension is None:
        return due
    until = extension.until or due + timedelta(days=extension.days)
    return max(due, until if until.tzinfo else until.replace(tzinfo=due.tzinfo))


def days_late(handed: Handed, due: datetime | None, assignment: Assignment) -> int | None:
    """How many days have begun since work was due; None where it is late, and nobody knows how."""
    if due is None:
        return 0
    if handed.time is None or handed.time.tzinfo is None:
        extended = assignment.due and due > assignment.due
        return assignment.unknown_days if handed.late and not extended else 0
    over = (handed.time - due).total_seconds()
    return math.ceil(over / DAY) if over > 60 * assignment.grace_minutes else 0


def after(points: float, most: float, days: int, assignment: Assignment) -> float:
    """What is left of points after so many days. Each costs a share of what could be had."""
    if not days:
        return points
    left = max(points - days * assignment.penalty * most, 0.0)
    return min(left, assignment.cap * most) if points > 0 else points


@functools.cache
def late(days: int, due: datetime) -> Sentence:
    """The sentence that says so: the same for half a class."""
    return say(LATE, days=days, due=moment(due))
