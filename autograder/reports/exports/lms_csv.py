"""CSV files that learning platforms import; a blank cell is no zero.

An assignment of the manifest is a column; where it has none, a unit is. With a roster each person
goes by what the platform looks up. Without one a student is known by the name of a folder: name the
folders as the platform names its users (the login), and nothing has to be filled in by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from autograder.core.course import Course
from autograder.core.text import several
from autograder.reports.people import NOBODY
from autograder.reports.reading import StudentReports
from autograder.reports.schema import Report
from autograder.reports.states import STATES, most, total
from autograder.reports.table import NO_MARK, blank, csv_of, number
from autograder.reports.wording import Language

HUNDRED = 100  # the most that any item of Moodle takes from a file, in older versions
LOOKED_UP = ("username", "Email address", "ID number")  # by which Moodle knows people


class Column(NamedTuple):
    """What a platform calls an assignment: its title, its units, those of them that are extra."""

    title: str
    units: Sequence[str]
    extra: Sequence[str] = ()


def canvas(students: Sequence[StudentReports], course: Course, language: Language) -> bytes:
    """Canvas: columns that name a student, then assignments, and their points below.

    A student is looked up by ID, then SIS User ID, then SIS Login ID, then by name; an assignment
    by its title: github.com/instructure/canvas-lms, lib/gradebook_importer.rb.
    """
    students = _listed(students)
    found = columns(students, course, language)
    points = [number(_most(students, column)) for column in found]
    return _csv(
        [
            ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *_titles(found)],
            ["    Points Possible", "", "", "", "", *points],
            *([*_canvas_ids(s), *(_for_canvas(s, column) for column in found)] for s in students),
        ]
    )


def moodle(
    students: Sequence[StudentReports], course: Course, language: Language
) -> tuple[bytes, list[str]]:
    """Moodle's import into a course: columns that are mapped there; and what to know of it.

    A user is looked up by login, e-mail or ID number. One that is not found ends the whole import,
    and older versions credit a row without a name to the person above it: so a column of these is
    there only where everybody is in it. What has no mark is a dash, since older versions take a
    blank in a new column for a zero: tests/test_importers.py says where that was read.
    """
    students = _listed(students)
    found = columns(students, course, language)
    people = [(s, dict(zip(LOOKED_UP, _moodle_ids(s), strict=True))) for s in students]
    names = [name for name in LOOKED_UP if all(ids[name] for _, ids in people)]
    names = names or [max(LOOKED_UP, key=lambda name: sum(bool(ids[name]) for _, ids in people))]
    rows = [
        [*(ids[name] for name in names), *(_cell(s, column) or NO_MARK for column in found)]
        for s, ids in people
        if ids[names[0]]
    ]
    notes = []
    if lack := [s.name for s, ids in people if not ids[names[0]]]:
        notes.append(f"Moodle looks people up by {names[0]}; left out, without: {several(lack)}.")
    if high := [column.title for column in found if _highest(students, column) > HUNDRED]:
        notes.append(f"Older Moodles end an import at a mark above 100: {several(high)}.")
    return _csv([[*names, *_titles(found)], *rows]), notes


def _highest(students: Sequence[StudentReports], column: Column) -> float:
    return max((total(_of(student, column) or []) or 0.0 for student in students), default=0.0)


def worksheet(students: Sequence[StudentReports], course: Course, language: Language) -> bytes:
    """Moodle's grading worksheet of one assignment, for who is in it; see docs/classrooms.md.

    The columns that it needs: github.com/moodle/moodle,
    mod/assign/feedback/offline/importgradeslib.php. It skips a blank grade.
    """
    (column,) = columns(students, course, language)
    known = [student for student in students if student.person.moodle]
    most = number(_most(students, column))
    head = ["Identifier", "Full name", "Email address", "Grade", "Maximum grade"]
    return _csv(
        [
            [*head, "Last modified (grade)"],
            *(
                [s.person.moodle, s.name, s.person.email, _cell(s, column), most, "-"]
                for s in known
            ),
        ]
    )


def _listed(students: Sequence[StudentReports]) -> Sequence[StudentReports]:
    """Those of the roster, where there is one: a platform would ask who the others are."""
    return [s for s in students if s.person is not NOBODY] or students


def columns(students: Sequence[StudentReports], course: Course, language: Language) -> list[Column]:
    """The assignments, or else the units, that anybody has a report of."""
    known = {unit for student in students for unit in student.reports}
    if course.assignments:
        return [
            Column(a.title.in_(language) if a.title else name, a.units, a.bonus)
            for name, a in course.assignments.items()
            if known.intersection(a.units)
        ]
    graded = [unit for unit in course.units if unit.name in known]
    return [Column(unit.title.in_(language), [unit.name]) for unit in graded]


def _canvas_ids(student: StudentReports) -> list[str]:
    """Who it is there; the ID is the roster's, or that in the names of downloaded files."""
    person, to = student.person, student.uploaded
    uploaded = to.id if to.platform == "canvas" and to.id.isdecimal() else ""
    if person is NOBODY:
        return [student.name, uploaded, "", student.name, ""]
    known = person.canvas or uploaded
    return [person.name or student.name, known, person.id, person.login, person.section]


def _moodle_ids(student: StudentReports) -> list[str]:
    person = student.person
    return [student.name, "", ""] if person is NOBODY else [person.login, person.email, person.id]


def _most(students: Sequence[StudentReports], column: Column) -> float:
    """The most that an assignment gives: of each unit, what any report could give."""
    counted = [unit for unit in column.units if unit not in column.extra]
    by_unit = [[s.reports[unit] for s in students if unit in s.reports] for unit in counted]
    return sum(max((most([report]) for report in reports), default=0.0) for reports in by_unit)


def _titles(found: Sequence[Column]) -> list[str]:
    return [column.title for column in found]


def _of(student: StudentReports, column: Column) -> list[Report] | None:
    """A student's reports of an assignment; None while one is not graded, of those that count."""
    if set(column.units) - set(column.extra) - student.reports.keys():
        return None
    return [student.reports[unit] for unit in column.units if unit in student.reports]


def _cell(student: StudentReports, column: Column) -> str:
    return blank(total(_of(student, column) or []))


def _for_canvas(student: StudentReports, column: Column) -> str:
    reports = _of(student, column) or []
    instead = {STATES[report.status].canvas for report in reports}
    return _cell(student, column) or (instead.pop() if len(instead) == 1 else "")


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    return csv_of(rows, "\r\n").encode("utf-8", "replace")
