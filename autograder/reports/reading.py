"""A folder of reports, read back: what every rendering of them starts from."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import structs

from autograder.core.course import Unit
from autograder.reports.changes import Changed
from autograder.reports.schema import Report
from autograder.reports.states import is_open, most, total
from autograder.reports.store import read

MOST_SAID = 500  # characters of why a whole unit failed, in what is held of a class
NO_MARKS: dict[str, Any] = {  # what of a report is no mark, and not held of a class
    **{name: [] for name in ("tests", "unknown", "changes")},
    **{name: {} for name in ("facts", "figures", "basis", "versions")},
}


@dataclass(frozen=True)
class StudentReports:
    """A student's reports by unit. `folder` is the name made safe, which no two students share."""

    name: str
    folder: str
    reports: dict[str, Report]

    @property
    def complete(self) -> bool:
        """Whether nothing is left to be done: what is open is not a zero, and not exported."""
        return not any(map(is_open, self.reports.values()))

    @property
    def score(self) -> float | None:
        """The sum of the scores; None while one is open, or where there is none."""
        return total(self.reports.values())

    @property
    def max_score(self) -> float:
        """The most that these reports could give."""
        return most(self.reports.values())


def load(results: Path, units: Sequence[Unit]) -> list[StudentReports]:
    """Read RESULTS/<student>/<unit>.json of all students, by name; the units in the order given."""
    return sorted(each(results, units), key=lambda student: (student.name, student.folder))


def each(results: Path, units: Sequence[Unit]) -> Iterator[StudentReports]:
    """The same, one student at a time, by folder: a large class need not be held at once."""
    names = [unit.name for unit in units]
    for folder in sorted(path for path in results.iterdir() if path.is_dir()):
        found = {name: read(folder / f"{name}.json") for name in names}
        kept = {name: report for name, report in found.items() if report is not None}
        if kept:
            name = next(iter(kept.values())).student
            yield StudentReports(name, folder.name, kept)


def marks_of(
    students: Iterable[StudentReports], folders: Container[str]
) -> dict[str, dict[str, Report]]:
    """By student and unit, the reports of these folders without their tests: marks take no more."""
    return {
        student.name: {
            name: structs.replace(report, message=report.message[:MOST_SAID], **NO_MARKS)
            for name, report in student.reports.items()
        }
        for student in students
        if student.folder in folders
    }


def changed(students: Iterable[StudentReports]) -> Iterator[Changed]:
    """What the last grading of each report changed."""
    for student in students:
        for report in student.reports.values():
            for change in report.changes:
                yield Changed(student.name, report.unit, change)


def outline(student: StudentReports) -> StudentReports:
    """A student without the facts and figures, which only their own page shows."""
    kept = {}
    for name, report in student.reports.items():
        tests = [structs.replace(test, message="", facts={}) for test in report.tests]
        kept[name] = structs.replace(report, tests=tests, figures={}, basis={}, versions={})
    return StudentReports(student.name, student.folder, kept)


def started(report: Report) -> bool:
    """Whether there is any work in a unit: a file was read, and some function is written."""
    tried = [test for test in report.tests if test.status != "not_run"]
    unwritten = bool(tried) and all(test.help_id == "not_started" for test in tried)
    return report.mark is not None and not unwritten
