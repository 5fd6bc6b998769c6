"""For GitHub Actions: a step summary in Markdown, and annotations; see core/github.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import NamedTuple

from autograder.core.course import Course, Unit
from autograder.core.github import MOST_ANNOTATIONS, annotation, line_in, plain, row
from autograder.reports.reading import StudentReports, slim
from autograder.reports.schema import Report, TestResult
from autograder.reports.table import number, sign, sign_of_total
from autograder.reports.wording import (
    ISOLATION,
    STATUSES,
    Language,
    _,
    help_for,
    message,
    reason,
    translations,
)

MOST_BYTES = 900_000  # GitHub takes a summary of 1 MiB, or none of it


class Told(NamedTuple):
    """What is said of a student: without tests, what is wrong, and the first annotations."""

    student: StudentReports
    details: str
    errors: list[str]


def told(student: StudentReports, course: Course, language: Language) -> Told:
    """What there is to say of a student."""
    found = (
        line
        for unit in course.units
        if (report := student.reports.get(unit.name))
        for line in _annotations(report, unit, language)
    )
    errors = list(islice(found, MOST_ANNOTATIONS))
    return Told(slim(student), _details(student, course.units, language), errors)


def summary(class_: Sequence[Told], course: Course, language: Language) -> str:
    """The marks of all, and under each student what is wrong."""
    said = translations(language).gettext
    students = [one.student for one in class_]
    units = [u for u in course.units if any(u.name in student.reports for student in students)]
    titles = [plain(unit.title.in_(language)) for unit in units]
    head = [
        f"## {plain(course.title.in_(language))}",
        "",
        row([said(_("student")), *titles, said(_("total"))]),
        row(["---", *["---:"] * (len(units) + 1)]),
        *(_marks(student, units) for student in students),
        "",
        *_advisory(students, language),
    ]
    parts = ["\n".join(head) + "\n"]
    room = MOST_BYTES - len(parts[0].encode())
    for one in class_:
        room -= len(one.details.encode())
        if room < 0:
            return "".join(parts) + "…\n"
        parts.append(one.details)
    return "".join(parts)


def errors(class_: Sequence[Told]) -> str:
    """An error for each exercise that fails, at the student's line where the report names it."""
    found = (line for one in class_ for line in one.errors)
    return "".join(f"{line}\n" for line in islice(found, MOST_ANNOTATIONS))


def _annotations(report: Report, unit: Unit, language: Language) -> Iterator[str]:
    file = report.file or f"{report.unit}.py"
    place = {"file": f"exercises/{PurePosixPath(file).name}"}
    if report.status == "unread":
        yield annotation(message(report, language), **place, title=unit.name)
    for test in _failed(report, unit):
        text = "\n".join(filter(None, [reason(test, language), help_for(test, language)]))
        line = line_in(file, test.message)
        at = {"line": line} if line else {}
        yield annotation(text, **place, title=test.exercise, **at)


def _marks(student: StudentReports, units: Sequence[Unit]) -> str:
    """A row of marks, or of the signs that stand for them."""
    reports = [student.reports.get(unit.name) for unit in units]
    cells = [f"{sign(r)} / {number(r.max_score)}" if r else sign(r) for r in reports]
    total = sign_of_total([*student.reports.values()])
    return row([plain(student.name), *cells, f"**{total}** / {number(student.max_score)}"])


def _advisory(students: Sequence[StudentReports], language: Language) -> list[str]:
    """Say so where marks come from less than full isolation."""
    said = translations(language).gettext
    found = {r.isolation for s in students for r in s.reports.values() if r.status == "advisory"}
    levels = ", ".join(said(ISOLATION.get(level, level)) for level in sorted(found))
    return [f"{said(STATUSES['advisory'])} · {levels}", ""] if levels else []


def _details(student: StudentReports, units: Sequence[Unit], language: Language) -> str:
    lines = list(_reasons(student, units, language))
    if not lines:
        return ""
    head = f"<details><summary>{plain(student.name)}</summary>"
    return "\n".join(["", head, "", *lines, "", "</details>", ""])


def _reasons(student: StudentReports, units: Sequence[Unit], language: Language) -> Iterator[str]:
    for unit in units:
        report = student.reports.get(unit.name)
        if report and report.mark is None and report.message:
            yield f"- {plain(unit.name)}: {plain(message(report, language))}"
        for test in _failed(report, unit) if report else []:
            said = " ".join(filter(None, [reason(test, language), help_for(test, language)]))
            yield f"- {plain(unit.name)}, **{plain(test.exercise)}**: {plain(said)}"


def _failed(report: Report, unit: Unit) -> list[TestResult]:
    """The first failed test of each exercise that has one."""
    first: dict[str, TestResult] = {}
    for test in report.tests:
        if test.status == "failed":
            first.setdefault(test.exercise, test)
    return [first[exercise.name] for exercise in unit.exercises if exercise.name in first]
