"""Every rendering of a folder of reports, by the name of what it is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from autograder.core.course import Course
from autograder.reports.exports import github, gradescope, lms_csv
from autograder.reports.exports.junit import junit
from autograder.reports.reading import StudentReports, beside, by_name, in_order, slim
from autograder.reports.table import summary_csv
from autograder.reports.wording import Language

Target = Literal["canvas", "csv", "github", "gradescope", "junit", "moodle"]
ONE_FILE = {"canvas": "canvas.csv", "csv": "summary.csv", "junit": "junit.xml"}
ONE_FILE |= {"moodle": "moodle.csv"}


REMEDIES = {
    "incomplete": "Run `autograder grade` again.",
    "unread": "Their report says why, and `autograder grade` what to do.",
}


@dataclass(frozen=True)
class Export:
    """Files by their paths below the output folder, to be taken once, each in pieces.

    notes: what the reader has to know of them, once all were taken.
    """

    files: Iterable[tuple[str, Iterable[bytes]]]
    notes: list[str] = field(default_factory=list)


def render(
    target: Target,
    students: Iterable[StudentReports],
    course: Course,
    language: Language,
    when: datetime,
) -> Export:
    """Render the reports of one student after another. `when` is the time that JUnit asks for."""
    notes: list[str] = []
    return Export(_files(target, _noted(students, notes), course, language, when, notes), notes)


def _noted(students: Iterable[StudentReports], notes: list[str]) -> Iterator[StudentReports]:
    """The students, and in the end what is to be noted of them."""
    held, count, advisory = [], 0, 0
    for student in students:
        yield student
        if lines := list(_left_out(student)):
            held.append((by_name(student), lines))
        count += len(student.reports)
        advisory += sum(report.status == "advisory" for report in student.reports.values())
    notes += [line for _name, lines in sorted(held) for line in lines]
    if advisory:
        notes.append(f"{advisory} of {count} marks are advisory: less than full isolation.")


def _left_out(student: StudentReports) -> Iterator[str]:
    """What of a student is exported as no mark, and what to do about it."""
    for status, remedy in REMEDIES.items():
        names = [name for name, report in student.reports.items() if report.status == status]
        if names:
            yield (
                f"{student.name}: {', '.join(names)} {status}; left out, not exported as a zero. "
                f"{remedy}"
            )


def _files(
    target: Target,
    students: Iterable[StudentReports],
    course: Course,
    language: Language,
    when: datetime,
    notes: list[str],
) -> Iterator[tuple[str, Iterable[bytes]]]:
    match target:
        case "junit":
            yield ONE_FILE[target], junit(students, course, when)
        case "github":
            told = [github.told(student, course, language) for student in students]
            told.sort(key=lambda one: by_name(one.student))
            yield "github/summary.md", [github.summary(told, course, language).encode()]
            yield "github/annotations.txt", [github.errors(told).encode()]
        case "gradescope":
            for student in students:
                if student.complete and student.score is not None:
                    data = gradescope.results(student, course, language)
                    yield f"gradescope/{student.folder}/results.json", [data]
        case _:
            marks = in_order(map(slim, students))
            tables, more = _tables(target, marks, course, language)
            for name, data in tables.items():
                yield name, [data]
            notes += more


def _tables(
    target: Literal["canvas", "csv", "moodle"],
    students: Sequence[StudentReports],
    course: Course,
    language: Language,
) -> tuple[dict[str, bytes], list[str]]:
    name = ONE_FILE[target]
    if target == "csv":
        marks = {student.name: student.reports for student in students}
        return {name: summary_csv(marks, course.units, beside(students))}, []
    if target == "canvas":
        return {name: lms_csv.canvas(students, course, language)}, []
    data, told = lms_csv.moodle(students, course, language)
    files = {name: data}
    if len(course.assignments) == 1 and any(s.person.moodle for s in students):
        files["moodle_worksheet.csv"] = lms_csv.worksheet(students, course, language)
    return files, told


def graded_at(results: Path) -> datetime:
    """When the newest report of a folder was written."""
    times = [path.stat().st_mtime for path in results.glob("*/*.json")]
    return datetime.fromtimestamp(max(times, default=0), UTC)
