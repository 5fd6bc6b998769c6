"""Marks that changed when work was graded again, and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.reports.schema import Change, Report
from autograder.reports.table import MANY, blank, csv_of

COLUMNS = ["student", "unit", "exercise", "before", "after", "reason"]
REASONS = {
    "submission": "another submission",
    "tests": "other hidden tests",
    "manifest": "other points or limits",
    "grader": "another grader",
    "reference": "another reference, control or network",
}


class Changed(NamedTuple):
    """A change, and whose it is."""

    student: str
    unit: str
    change: Change


def changes(before: Report, after: Report) -> list[Change]:
    """The exercises whose points differ; none where either grading is incomplete."""
    if "incomplete" in (before.status, after.status):
        return []
    old, new = points(before), points(after)
    why = reason(before, after)
    had, has = (None if report.mark is None else 0.0 for report in (before, after))
    exercises = dict.fromkeys([*old, *new])
    found = [Change(name, old.get(name, had), new.get(name, has), why) for name in exercises]
    return [change for change in found if change.before != change.after]


def points(report: Report) -> dict[str, float]:
    """The points by exercise, free of binary dust."""
    found: dict[str, float] = {}
    for test in report.tests:
        found[test.exercise] = found.get(test.exercise, 0.0) + test.points
    return {name: round(sum_, 6) + 0.0 for name, sum_ in found.items()}


def reason(before: Report, after: Report) -> str:
    """What changed between two gradings, in words."""
    old, new = before.basis, after.basis
    if old.keys() != new.keys():
        return "graded before by a version that kept no such account"
    found = [words for name, words in REASONS.items() if old.get(name) != new.get(name)]
    for name in ("options", "versions"):
        if old.get(name) != new.get(name):
            found.append(f"other {name}: {_difference(old.get(name, ''), new.get(name, ''))}")
    return "; ".join(found) or "graded again"


def _difference(before: str, after: str) -> str:
    old, new = before.split(", "), after.split(", ")
    gone = ", ".join(part for part in old if part not in new) or "–"
    come = ", ".join(part for part in new if part not in old) or "–"
    return f"{gone} → {come}"


def changes_csv(changed: Iterable[Changed]) -> bytes:
    """changes.csv: a row an exercise, in UTF-8 with a mark that lets spreadsheets know it."""
    rows = [
        [student, unit, c.exercise, blank(c.before), blank(c.after), c.reason]
        for student, unit, c in changed
    ]
    return csv_of([COLUMNS, *rows]).encode("utf-8-sig", "replace")


def print_changes(console: Console, changed: Sequence[Changed]) -> None:
    """Print a row an exercise."""
    table = Table(title="Marks that changed", title_justify="left", box=SIMPLE_HEAD)
    for column in COLUMNS:
        right = column in ("before", "after")
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    for student, unit, change in changed[:MANY]:
        before, after = blank(change.before) or "–", blank(change.after) or "–"
        table.add_row(Text(student), unit, change.exercise, before, after, change.reason)
    console.print(table)
    if len(changed) > MANY:
        console.print(f"… and {len(changed) - MANY} more: see changes.csv.")
