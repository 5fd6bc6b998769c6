"""Every rendering of a folder of reports, by the name of what it is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from autograder.core.course import Course
from autograder.reports.exports import github, gradescope, lms_csv
from autograder.reports.exports.junit import junit
from autograder.reports.reading import StudentReports, beside
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
    """Files by their paths below the output folder, and what the reader has to know of them."""

    files: dict[str, bytes]
    notes: list[str] = field(default_factory=list)


def render(
    target: Target,
    students: Sequence[StudentReports],
    course: Course,
    language: Language,
    when: datetime,
) -> Export:
    """Render the reports. `when` is the time that JUnit asks for."""
    files: dict[str, bytes]
    told: list[str] = []
    match target:
        case "csv":
            marks = {student.name: student.reports for student in students}
            files = {ONE_FILE[target]: summary_csv(marks, course.units, beside(students))}
        case "canvas":
            files = {ONE_FILE[target]: lms_csv.canvas(students, course, language)}
        case "moodle":
            data, told = lms_csv.moodle(students, course, language)
            files = {ONE_FILE[target]: data}
            if len(course.assignments) == 1 and any(s.person.moodle for s in students):
                files["moodle_worksheet.csv"] = lms_csv.worksheet(students, course, language)
        case "junit":
            files = {ONE_FILE[target]: junit(students, course, when)}
        case "github":
            files = {
                "github/summary.md": github.summary(students, course, language).encode(),
                "github/annotations.txt": github.errors(students, course, language).encode(),
            }
        case "gradescope":
            files = {
                f"gradescope/{s.folder}/results.json": gradescope.results(s, course, language)
                for s in students
                if s.complete and s.score is not None
            }
    return Export(files, [*_notes(students), *told])


def graded_at(results: Path) -> datetime:
    """When the newest report of a folder was written."""
    times = [path.stat().st_mtime for path in results.glob("*/*.json")]
    return datetime.fromtimestamp(max(times, default=0), UTC)


def _notes(students: Sequence[StudentReports]) -> list[str]:
    notes = [
        f"{student.name}: {', '.join(names)} {status}; left out, not exported as a zero. {remedy}"
        for student in students
        for status, remedy in REMEDIES.items()
        if (names := [name for name, r in student.reports.items() if r.status == status])
    ]
    reports = [report for student in students for report in student.reports.values()]
    advisory = sum(report.status == "advisory" for report in reports)
    if advisory:
        notes.append(f"{advisory} of {len(reports)} marks are advisory: less than full isolation.")
    return notes
