"""A folder of reports, read back: what every rendering of them starts from."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from autograder.core.course import Kind, Unit
from autograder.core.text import printable
from autograder.reports.changes import Changed
from autograder.reports.people import (
    NOBODY,
    NOTHING_UPLOADED,
    PLACES,
    Account,
    Person,
    Place,
    Upload,
)
from autograder.reports.schema import Report, TestResult, TestStatus, remarked
from autograder.reports.states import is_open, most, total
from autograder.reports.store import read
from autograder.reports.table import blank, number

DAMAGED = "is no report that can be read, and is left out. Run `autograder grade` again."
MOST_SAID = 500  # characters of why a whole unit failed, in what is held of a class
UNUSED: dict[str, Any] = {  # what of a report is not held of a class
    **dict.fromkeys(("key", "seed"), ""),
    **{name: {} for name in ("facts", "figures", "basis", "versions")},
}


@dataclass(frozen=True)
class StudentReports:
    """A student's reports by unit. `folder` is the name made safe, which no two students share.

    Once `marks` has looked at them, the reports have the marks that count, the accounts say how
    those came about, and earlier attempts stand beside them, with their names. extra: the units
    whose points are extra. source: the folder that the reports were read from, which a group
    shares. uploaded: the numbers by which a platform takes feedback.
    """

    name: str
    folder: str
    reports: dict[str, Report]
    person: Person = NOBODY
    place: Place = ""
    accounts: Mapping[str, Account] = field(default_factory=dict)
    attempts: Mapping[str, Sequence[tuple[str, Report]]] = field(default_factory=dict)
    extra: frozenset[str] = frozenset()
    source: str = ""
    uploaded: Upload = NOTHING_UPLOADED

    @property
    def complete(self) -> bool:
        """Whether nothing is left to be done: what is open is not a zero, and not exported."""
        return not any(map(is_open, self.reports.values()))

    @property
    def score(self) -> float | None:
        """The sum of the scores; None while one is open, or where there is none."""
        return total(self.reports.values())

    @property
    def carried(self) -> float:
        """The points that errors carried forward give, or would give where they do not count."""
        return math.fsum(account.carried for account in self.accounts.values())

    @property
    def max_score(self) -> float:
        """The most that these reports could give."""
        return most(r for unit, r in self.reports.items() if unit not in self.extra)


def in_order(students: Iterable[StudentReports]) -> list[StudentReports]:
    """Students by name, as pages and exports list them; who is in no roster comes last."""
    return sorted(students, key=by_name)


def by_name(student: StudentReports, *first: str | float) -> tuple[Any, ...]:
    """What students are sorted by; who is in no roster, or gone, comes after all others."""
    return student.place in PLACES, *first, student.name, student.folder


def each(
    results: Path, units: Sequence[Unit], notes: list[str] | None = None
) -> Iterator[StudentReports]:
    """Read RESULTS/<student>/<unit>.json, one student at a time, by folder, the units in order.

    notes: is told of what lies where a report would, and is none that can be read.
    """
    paths = {unit.name: f"{unit.name}.json" for unit in units}
    for folder in sorted(path for path in results.iterdir() if path.is_dir()):
        found = {name: read(folder / path) for name, path in paths.items()}
        kept = {name: report for name, report in found.items() if report is not None}
        if notes is not None and len(kept) < len(found):
            there = {path.name for path in folder.iterdir()}
            lost = [folder / paths[n] for n in found.keys() - kept.keys() if paths[n] in there]
            notes += [f"{printable(str(path))} {DAMAGED}" for path in sorted(lost)]
        if kept:
            name = next(iter(kept.values())).student
            yield StudentReports(name, folder.name, kept)


def beside(students: Iterable[StudentReports]) -> dict[str, dict[str, str]]:
    """By student, what summary.csv says beside the marks; nothing where there is no more to say."""
    found, said = {}, False
    for student in students:
        person, accounts = student.person, student.accounts
        before = [a.before for a in accounts.values() if a.before is not None]
        told = [f"{unit}: {text}" for unit, a in accounts.items() for text in a.told("en")]
        place = [PLACES[student.place]] if student.place in PLACES else []
        said = said or bool(told or place) or person is not NOBODY
        found[student.name] = {
            "id": person.id,
            "login": person.login,
            "e-mail": person.email,
            "section": person.section,
            "group": person.group,
            "before": blank(round(math.fsum(before), 6)) if before and student.complete else "",
            "carried": number(student.carried) if student.carried else "",
            "why": " ".join([*place, *told]),
        }
    return found if said else {}


def changed(students: Iterable[StudentReports]) -> Iterator[Changed]:
    """What the last grading of each report changed."""
    for student in students:
        for report in student.reports.values():
            for change in report.changes:
                yield Changed(student.name, report.unit, change)


def outline(student: StudentReports) -> StudentReports:
    """A student as the class's pages and tables take one: the rest only their own page shows."""
    kept = {
        name: remarked(
            report, message=report.message[:MOST_SAID], tests=_outlined(report.tests), **UNUSED
        )
        for name, report in student.reports.items()
    }
    return replace(student, reports=kept, attempts={})


def _outlined(tests: Sequence[TestResult]) -> list[TestResult]:
    """Tests without what they say. Those of a class are few different ones, each held once."""
    return [
        _same(t.id, t.exercise, t.kind, t.status, t.points, t.max_points, t.help, t.help_id)
        for t in tests
    ]


@functools.cache
def _same(
    name: str,
    exercise: str,
    kind: Kind,
    status: TestStatus,
    points: float,
    max_points: float,
    advice: str,
    help_id: str,
) -> TestResult:
    return TestResult(
        name, exercise, kind, status, points, max_points, help=advice, help_id=help_id
    )


def slim(student: StudentReports) -> StudentReports:
    """A student without tests, too: marks take no more."""
    kept = {
        name: remarked(report, message=report.message[:MOST_SAID], tests=[], **UNUSED)
        for name, report in student.reports.items()
    }
    return replace(student, reports=kept, attempts={})


def started(report: Report) -> bool:
    """Whether there is any work in a unit: a file was read, and some function is written."""
    tried = [test for test in report.tests if test.status != "not_run"]
    unwritten = bool(tried) and all(test.help_id == "not_started" for test in tried)
    return report.mark is not None and not unwritten
