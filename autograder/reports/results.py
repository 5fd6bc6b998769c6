"""A folder of reports, read back: what every rendering of them starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.course import Unit
from autograder.reports import Report, read


@dataclass(frozen=True)
class Student:
    """A student's reports by unit. `folder` is the name made safe, which no two students share."""

    name: str
    folder: str
    reports: dict[str, Report]

    @property
    def complete(self) -> bool:
        """Whether every report is a mark: an incomplete one is not a zero, and not exported."""
        return all(report.status != "incomplete" for report in self.reports.values())

    @property
    def score(self) -> float:
        """The sum of the scores there are."""
        return round(sum(report.score for report in self.reports.values()), 6)

    @property
    def max_score(self) -> float:
        """The most that these reports could give."""
        return sum(report.max_score for report in self.reports.values())


def load(results: Path, units: Sequence[Unit]) -> list[Student]:
    """Read RESULTS/<student>/<unit>.json of all students, by name; the units in the order given."""
    names = [unit.name for unit in units]
    students = []
    for folder in sorted(path for path in results.iterdir() if path.is_dir()):
        found = {name: read(folder / f"{name}.json") for name in names}
        kept = {name: report for name, report in found.items() if report is not None}
        if kept:
            name = next(iter(kept.values())).student
            students.append(Student(name, folder.name, kept))
    return sorted(students, key=lambda student: (student.name, student.folder))


def started(report: Report) -> bool:
    """Whether there is any work in a unit: a file was handed in, and some function is written."""
    tried = [test for test in report.tests if test.status != "not_run"]
    unwritten = bool(tried) and all(test.help_id == "not_started" for test in tried)
    return bool(report.file) and not unwritten
