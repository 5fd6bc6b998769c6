"""Do right answers written differently get full marks?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console

from autograder.bench.validity import trial
from autograder.bench.validity.graders import CorrectnessGraders, Job, files, solutions
from autograder.bench.validity.tables import by_unit, print_table
from autograder.bench.validity.trial import Case
from autograder.core.course import Course, Unit
from autograder.core.units import hidden_tests
from autograder.reports.schema import Report


@dataclass(frozen=True)
class Right:
    """A right answer, written differently, and its marks."""

    unit: str
    name: str
    report: Report

    @property
    def full(self) -> bool:
        """Whether it got all its points."""
        return self.report.status != "incomplete" and self.report.score == self.report.max_score


def written_differently(course: Course, units: Sequence[Unit]) -> list[Job[str]]:
    """Every file of a unit's hidden/right/, in an otherwise perfect submission."""
    right = solutions(course)
    return [
        (path.stem, unit, right | {unit.name: path.read_text("utf-8")})
        for unit in units
        for path in files(course, unit, "right")
    ]


def right_answers(
    graders: CorrectnessGraders, units: Sequence[Unit], seed: str = "", share: int = 1
) -> list[Right]:
    """Grade one right answer in `share`; on the inputs of a seed, if one is given."""
    todo = written_differently(graders.course, units)[::share]
    return [Right(report.unit, name, report) for name, report in graders.grade(todo, seed)]


def rejected(course: Course, units: Sequence[Unit], seeds: Sequence[str], jobs: int) -> list[str]:
    """The right answers, solutions among them, that a test fails on some seed.

    Values alone, without a sandbox, which would take most of the time. How each failed is told on
    the standard error.
    """
    solved = solutions(course)
    todo = [("solution", unit, solved) for unit in units]
    cases = [
        Case(unit.name, [e.name for e in unit.exercises], texts, f"{unit.name}/{name}")
        for name, unit, texts in [*todo, *written_differently(course, units)]
    ]
    tests = [hidden_tests(course.root, unit.name) for unit in units]
    verdicts = trial.attempt(course.root, tests, cases, jobs, seeds)
    return [c.about for c, verdict in zip(cases, verdicts, strict=True) if verdict != "passed"]


def print_right(console: Console, found: Sequence[Right]) -> None:
    """Print how many got full marks, by unit, and what the others lost."""
    rows = {unit: (len(g), sum(r.full for r in g)) for unit, g in by_unit(found)}
    print_table(console, "Right answers written differently", ("programs", "full marks"), rows)
    for right in found:
        for test in right.report.tests:
            if test.status in ("failed", "error"):
                where = f"{right.unit}/{right.name}: {test.id}"
                console.print(f"  {where}: {test.message}", style="red", markup=False)
