"""CSV files that learning platforms import. A unit is an assignment; a blank cell is no zero.

A student is known to us by the name of a folder. Name the folders as the platform names its users
(the login), and nothing has to be filled in by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from autograder.core.course import Course, Unit
from autograder.reports.reading import StudentReports
from autograder.reports.schema import Report
from autograder.reports.states import STATES
from autograder.reports.table import csv_of, mark, number
from autograder.reports.wording import Language


def canvas(students: Sequence[StudentReports], course: Course, language: Language) -> bytes:
    """Canvas: five columns that name a student, then assignments, and their points below.

    "How do I import grades in the Gradebook?", Canvas Instructor Guide:
    https://community.canvaslms.com/t5/Instructor-Guide/How-do-I-import-grades-in-the-Gradebook/ta-p/807
    """
    units = _graded(students, course)
    most = [number(_most(students, unit)) for unit in units]
    return _csv(
        [
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *_titles(units, language)],
            ["    Points Possible", "", "", "", "", *most],
            *([s.name, "", "", s.name, "", *map(_for_canvas, _of(s, units))] for s in students),
        ]
    )


def moodle(students: Sequence[StudentReports], course: Course, language: Language) -> bytes:
    """Moodle: any columns under a header, mapped at the import; `username` maps to the user's.

    "Grade import", Moodle documentation: https://docs.moodle.org/en/Grade_import
    """
    units = _graded(students, course)
    return _csv(
        [
            ["username", *_titles(units, language)],
            *([s.name, *map(mark, _of(s, units))] for s in students),
        ]
    )


def _graded(students: Sequence[StudentReports], course: Course) -> list[Unit]:
    return [u for u in course.units if any(u.name in student.reports for student in students)]


def _most(students: Sequence[StudentReports], unit: Unit) -> float:
    return max(s.reports[unit.name].max_score for s in students if unit.name in s.reports)


def _titles(units: Sequence[Unit], language: Language) -> list[str]:
    return [unit.title.in_(language) for unit in units]


def _of(student: StudentReports, units: Sequence[Unit]) -> list[Report | None]:
    return [student.reports.get(unit.name) for unit in units]


def _for_canvas(report: Report | None) -> str:
    return mark(report) or (STATES[report.status].canvas if report else "")


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    return csv_of(rows, "\r\n").encode("utf-8", "replace")
