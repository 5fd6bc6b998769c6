"""A local run counted by exercise, as a short table and the first thing to fix."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.core.course import Unit, find_root, load
from autograder.core.errors import CourseError
from autograder.core.language import Language, _, render, say, translations
from autograder.core.text import clean
from autograder.testing.plugin import Where

NOT_WRITTEN = "autograder_not_written"  # an attribute of reports


@dataclass(frozen=True)
class FailedTest:
    """A test that failed: what its student is told, and what the program had printed."""

    test: str
    text: str
    printed: str
    written: bool  # False where the function is not implemented yet


@dataclass
class Tally:
    """Counts a local run's tests by exercise and keeps each one's first failure."""

    folder: Path = field(default_factory=Path)  # of the tests
    passed: dict[Where, int] = field(default_factory=dict)
    total: dict[Where, int] = field(default_factory=dict)
    failure: dict[Where, FailedTest] = field(default_factory=dict)

    def count(self, item: pytest.Item, where: Where, report: pytest.TestReport) -> None:
        """Count a test once, and keep the first failure of its exercise."""
        if report.when != "call" and not report.failed:
            return
        self.folder = item.path.parent
        self.total[where] = self.total.get(where, 0) + 1
        if report.passed:
            self.passed[where] = self.passed.get(where, 0) + 1
        elif where not in self.failure:
            text = str(report.longrepr).strip()
            written = not getattr(report, NOT_WRITTEN, False)
            self.failure[where] = FailedTest(item.name, text, clean(report.capstdout), written)


TALLY = pytest.StashKey[Tally]()
PASSED = _("The public tests pass for %(passed)s of %(points)s points.")
PRINTED = 10  # lines of what a program had printed


def summary(tally: Tally, language: Language, width: int, colour: bool) -> str:
    """What `show` prints, for the end of a plain pytest; nothing where no course is found."""
    try:
        root = find_root(tally.folder)
    except CourseError:
        return ""
    try:
        course = load(root)
    except CourseError as error:
        return f"{error}\n"
    units = [u for u in course.units if any(unit == u.name for unit, _ in tally.total)]
    text = io.StringIO()
    console = Console(
        file=text, force_terminal=colour, no_color=not colour, width=width, highlight=False
    )
    show(tally, units, console, language)
    return text.getvalue()


def show(tally: Tally, units: Sequence[Unit], console: Console, language: Language) -> None:
    """Print the table of exercises and the first thing to fix."""
    console.print(_table(units, tally, language))
    passed, every = points(units, tally)
    told = say(PASSED, passed=passed, points=every)
    console.print(f"\n{render(told.facts, language)}")
    order = [(unit.name, exercise.name) for unit in units for exercise in unit.exercises]
    failed = [where for where in order if where in tally.failure]
    if failed:
        first = next((where for where in failed if tally.failure[where].written), failed[0])
        _first_failure(first[1], f"{first[0]}.py", tally.failure[first], console, language)
    else:
        said = translations(language).gettext
        console.print(said("Every one passes. Hidden tests look closer: other sizes and values."))


def _table(units: Sequence[Unit], tally: Tally, language: Language) -> Table:
    said = translations(language).gettext
    table = Table(box=None, pad_edge=False)
    for heading in ("", said("unit"), said("exercise")):
        table.add_column(heading)
    for heading in (_("public tests"), _("worth")):
        table.add_column(said(heading), justify="right")
    for unit in units:
        for exercise in unit.exercises:
            where = (unit.name, exercise.name)
            total, passed = tally.total.get(where, 0), tally.passed.get(where, 0)
            mark = Text(said("ok"), "green") if passes(tally, where) else Text(said("no"), "red")
            counts = render(say("%(full)s of %(count)s", full=passed, count=total).facts, language)
            worth = str(sum(exercise.points.values()))
            table.add_row(mark, unit.name, exercise.name, counts, worth)
    return table


def passes(tally: Tally, where: tuple[str, str]) -> bool:
    """Whether an exercise has public tests and passes all of them."""
    return 0 < tally.total.get(where, 0) == tally.passed.get(where, 0)


def points(units: Sequence[Unit], tally: Tally) -> tuple[int, int]:
    """The points of the exercises whose public tests all pass, and of all."""
    worth = {
        (unit.name, exercise.name): sum(exercise.points.values())
        for unit in units
        for exercise in unit.exercises
    }
    return sum(n for where, n in worth.items() if passes(tally, where)), sum(worth.values())


def _first_failure(
    exercise: str, file: str, told: FailedTest, console: Console, language: Language
) -> None:
    said = translations(language).gettext
    console.print()
    console.print(
        Text.assemble(
            (said("Fix first:"), "bold red"), " ", (exercise, "bold"), f" · {file} · {told.test}"
        )
    )
    console.print(told.text, markup=False)
    lines = told.printed.rstrip().splitlines()
    if lines:
        console.print(said("Your program printed:"), style="dim")
        for line in lines[-PRINTED:]:
            console.print(f"  {line}", markup=False, style="dim")
