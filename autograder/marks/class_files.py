"""The files of a class that are made from its reports, made anew only where something has changed.

RESULTS/.written.json holds how all that they are made from looked, how they looked when they were
written, and the marks, so that a run that changes nothing reads no report.
"""

from __future__ import annotations

import stat
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath

import msgspec

from autograder.core import stamps
from autograder.core.course import Course
from autograder.core.digest import Digest, digest
from autograder.core.files import NOT_READ, read_regular
from autograder.core.language import Language
from autograder.marks import adjustments, handins, lateness, ledger, roster
from autograder.reports.changes import changes_csv
from autograder.reports.pages.html import ORDERS, PAGE, write_pages
from autograder.reports.pages.kept import maker
from autograder.reports.reading import StudentReports, beside, changed, each
from autograder.reports.schema import Brief, decoding
from autograder.reports.store import RESERVED, write
from autograder.reports.table import summary_csv

FILE = ".written.json"
SUMMARY, CHANGES = "summary.csv", "changes.csv"
FILES = {SUMMARY, CHANGES, *(order.file for order in ORDERS.values())}


class Marked(msgspec.Struct, frozen=True):
    """A student's marks by unit. source: the folder that their reports were read from."""

    name: str
    source: str
    reports: dict[str, Brief]


class Written(msgspec.Struct, frozen=True):
    """made_from, files: hashes. students: by name. notes: see Ledger."""

    made_from: str
    files: str
    students: list[Marked]
    notes: list[str]


def write_up(
    course: Course,
    results: Path,
    submissions: Path,
    folders: Mapping[str, str],
    language: Language,
    now: datetime,
) -> Written:
    """Write pages and tables, unless they are there and nothing has changed; what they hold.

    folders: of the reports, by that of the submissions. Raises SubmissionsError and ResultsError.
    """
    handins.save(results, submissions, folders)
    texts = [*_class_files(course)]  # before they are read: what changes meanwhile is read again
    book = ledger.load(course, results, now)
    rules = [maker(course, language), repr(book.overdue())]
    reports, files = _looks(results)
    made_from = digest([*map(str.encode, [*rules, reports]), *texts])
    before = _read(results / FILE)
    if before and (before.made_from, before.files) == (made_from, files):
        return before
    everybody = book.over(each(results, course.units, book.notes))
    outlines = write_pages(results, everybody, course, language)
    marks = {student.name: student.reports for student in outlines}
    write(results / SUMMARY, summary_csv(marks, course.units, beside(outlines)))
    write(results / CHANGES, changes_csv(changed(outlines)))
    students = [_marked(student) for student in outlines]
    made = Written(made_from, _looks(results)[1], students, book.notes)
    write(results / FILE, msgspec.json.encode(made), lasting=False)
    return made


def _marked(student: StudentReports) -> Marked:
    kept = {
        unit: Brief(
            student=r.student,
            unit=unit,
            status=r.status,
            score=r.score,
            max_score=r.max_score,
            message=r.message,
        )
        for unit, r in student.reports.items()
    }
    return Marked(student.name, student.source, kept)


def _class_files(course: Course) -> Iterator[bytes]:
    for name in (roster.FILE, lateness.FILE, adjustments.FILE):
        try:
            yield read_regular(course.root / "course" / name)
        except OSError:  # whoever reads it for what it says tells more
            yield b"none"


def _looks(results: Path) -> tuple[str, str]:
    """How the reports look, with what is beside them, and how the files made from them do.

    Behind a link nothing is looked at, and reports may lie there: then each look is another.
    """
    reports, files = Digest(), Digest()
    for look in stamps.below(results, _of_a_student):
        path = PurePosixPath(look[0])
        if stat.S_ISLNK(look[1].st_mode):
            reports.add(str(time.time_ns()).encode())
        if path.suffix == ".json" and not path.name.startswith("."):
            reports.add(stamps.seen(look))
        elif path.name == PAGE or look[0] in FILES:
            files.add(stamps.seen(look))
    return str(reports), str(files)


def _of_a_student(path: str) -> bool:
    return PurePosixPath(path).parts[0] not in RESERVED


def _read(path: Path) -> Written | None:
    try:
        with decoding(clean=True):  # they were when they were written
            return msgspec.json.decode(read_regular(path), type=Written)
    except NOT_READ:
        return None
