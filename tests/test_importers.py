"""What Canvas's and Moodle's own importers make of our exports, by the rules that their code has.

Read on 2026-11-26; their code is not here, what it looks at is said in our words.

- Canvas: github.com/instructure/canvas-lms at 00b222d77ee43d046e6aee0347c4ed5b27e1741f,
  lib/gradebook_importer.rb (header?, update_column_count, process_student, process_submissions).
- Moodle, the course's import: github.com/moodle/moodle at ead32c158ee5d25e68397ef17bd449534536cb55,
  public/grade/import/csv/classes/load_data.php; and the same file below grade/ at the older
  162f42f0dae3758c9e9b9973749b0a7cd28d9312 (a row without a name is the person above; a blank
  mark in a new column is a zero). The worksheet: mod/assign/feedback/offline/importgradeslib.php.

Moodle's classes were also run, under PHP and with a stand-in for its database, on the exports of
these very people; docs/classrooms.md has what came of it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import pytest
from reports import report
from test_marks import JANE, MING, NOW, OLGA, class_of, course_with, folder

from autograder.core.course import Course
from autograder.intake.collect import people
from autograder.marks.handins import HandedIn
from autograder.marks.ledger import Files, Ledger
from autograder.reports.exports.render import Export, render
from autograder.reports.people import Person
from autograder.reports.reading import StudentReports

CLASS = [JANE, MING, OLGA]
MOODLE = {"username": "login", "Email address": "email", "ID number": "id"}  # what is looked up
MOST = 100  # that a new column of Moodle takes, where grades are not unlimited


class Made(NamedTuple):
    """An export, all of whose files were taken."""

    files: dict[str, bytes]
    notes: list[str]


def export(target: Any, members: Sequence[Person], course: Course) -> Made:
    """Jane has two units, Ming one, Olga none."""
    folders = [folder(course, "Roe, Jane", "rnn", "attention"), folder(course, "王小明", "rnn")]
    found, _ = class_of(course, folders, [*members])
    return written(render(target, found.values(), course, "en", NOW))


def written(made: Export) -> Made:
    """Take an export's files, and then its notes."""
    return Made({name: b"".join(data) for name, data in made.files}, made.notes)


def rows_of(data: bytes) -> list[list[str]]:
    """Both read a file as CSV, and refuse rows of another length than the header's."""
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert len({len(row) for row in rows}) == 1
    return rows


def moodle_takes(
    data: bytes, column: str, members: Sequence[Person], *, old: bool
) -> dict[str, list[float | None]]:
    """Each one's marks, once a column is mapped to who they are and the others to new items.

    old: a row without a name is the person's above it, and a blank mark is a zero. Otherwise such a
    row ends the import, as one does whom nobody knows: ValueError.
    """
    header, *rows = rows_of(data)
    known = {getattr(person, MOODLE[column]).casefold(): person.name for person in members}
    taken: dict[str, list[float | None]] = {}
    name = ""
    for row in rows:
        cells = dict(zip(header, map(str.strip, row), strict=True))
        told = cells[column]
        if told or not old:
            if not told or told.casefold() not in known:
                raise ValueError(f"user mapping error: {told!r}")
            name = known[told.casefold()]
        marks = [cells[title] for title in header if title not in MOODLE]
        assert all(re.fullmatch(r"-|\d+(\.\d+)?|", mark) for mark in marks)
        taken[name] = [
            (0.0 if old else None) if m == "" else None if m == "-" else float(m) for m in marks
        ]
        assert all(mark is None or mark <= MOST for mark in taken[name])
    return taken


MARKS = {"Roe, Jane": [2.0, 5.0], "王小明": [2.0, None], "Ольга Иванова": [None, None]}


@pytest.mark.parametrize("old", [False, True])
def test_moodle_credits_everybody_with_their_own(course: Course, old: bool) -> None:
    """By any column that is there; what has no mark is a zero in no version."""
    data = export("moodle", CLASS, course).files["moodle.csv"]
    for column in MOODLE:
        assert moodle_takes(data, column, CLASS, old=old) == MARKS
    some = [JANE, msgspec.structs.replace(MING, login=""), OLGA]
    made = export("moodle", some, course)
    assert not made.notes
    header = rows_of(made.files["moodle.csv"])[0]
    assert "username" not in header
    for column in ("Email address", "ID number"):
        assert moodle_takes(made.files["moodle.csv"], column, some, old=old) == MARKS


def test_whom_moodle_cannot_look_up_is_left_out_and_named(course: Course) -> None:
    some = [
        msgspec.structs.replace(JANE, login="", id=""),
        msgspec.structs.replace(MING, login="", email=""),
        OLGA,
    ]
    made = export("moodle", some, course)
    assert made.notes == ["Moodle looks people up by Email address; left out, without: 王小明."]
    left = {name: marks for name, marks in MARKS.items() if name != "王小明"}
    assert moodle_takes(made.files["moodle.csv"], "Email address", some, old=True) == left


def test_a_mark_that_older_moodles_refuse_is_said(course: Course) -> None:
    member = [JANE]
    reports = {"rnn": report(course, "jroe", "rnn", score=232.0, max_score=232.0)}
    found, _ = class_of(course, [StudentReports("jroe", "jroe", reports)], member)
    made = written(render("moodle", found.values(), course, "en", NOW))
    assert made.notes == ["Older Moodles end an import at a mark above 100: One step at a time."]


def test_moodle_s_worksheet(course: Course) -> None:
    """Three headers by name, a number after `Participant `, a grade that is blank or counts."""
    members = [
        msgspec.structs.replace(p, moodle=f"Participant {n}") for n, p in enumerate(CLASS, 1)
    ]
    week = course_with(course, units=["rnn"])
    header, *rows = rows_of(export("moodle", members, week).files["moodle_worksheet.csv"])
    assert {"Identifier", "Grade", "Last modified (grade)"} <= {*header}
    found = [dict(zip(header, row, strict=True)) for row in rows]
    assert {r["Identifier"].removeprefix("Participant "): r["Grade"] for r in found} == {
        "1": "2",
        "2": "2",
        "3": "",
    }
    assert all(float(row["Maximum grade"]) == 2 for row in found)


def canvas_takes(data: bytes, members: Mapping[str, Person]) -> dict[str, list[str]]:
    """Each one's grades by their ID in Canvas; asserts what makes Canvas ask or mistake."""
    header, points, *rows = rows_of(data)
    assert "Student" in header[0] and "ID" in header[1]
    assert (header[2], header[3]) == ("SIS User ID", "SIS Login ID")
    assert "Section" in header[4], "the last column before the assignments"
    titles = header[5:]
    assert len({*titles}) == len(titles), "a column is found by its title"
    assert not [t for t in titles if re.search(r"(Current|Final|Override) (Score|Points|Grade)", t)]
    assert not [t for t in titles if re.search(r"\(\d+\)$", t)], "an assignment's ID in Canvas"
    assert "Points Possible" in points[0] and all(float(cell) > 0 for cell in points[5:])
    assert not [row for row in rows if "Points Possible" in row[0] or not any(row)]
    by = {"1": "canvas", "2": "id", "3": "login"}
    taken = {}
    for row in rows:
        found = [
            canvas
            for at, field in by.items()
            for canvas, person in members.items()
            if row[int(at)] and row[int(at)] == getattr(person, field)
        ]
        assert found, "Canvas asks who this is"
        taken[found[0]] = row[5:]
    return taken


def test_canvas_credits_everybody_with_their_own(course: Course) -> None:
    wanted = {"12345": ["2", "5"], "12346": ["2", ""], "12347": ["", ""]}
    data = export("canvas", CLASS, course).files["canvas.csv"]
    members = {person.canvas: person for person in CLASS}
    assert canvas_takes(data, members) == wanted
    unnumbered = [msgspec.structs.replace(person, canvas="") for person in CLASS]
    data = export("canvas", unnumbered, course).files["canvas.csv"]
    assert canvas_takes(data, members) == wanted  # by the school's number


def test_canvas_s_id_comes_from_the_download_where_no_roster_has_it(course: Course) -> None:
    """Its names of files have it; a platform's other numbers are not Canvas's."""
    rows = [people.Person("roejane", "12345", "roejane", attempt="678901")]
    for platform, wanted in (("canvas", "12345"), ("moodle", "")):
        handed = HandedIn({"roejane": "roejane"}, rows, {"roejane": platform})
        book = Ledger(course, Files(), handed, NOW)
        made = written(render("canvas", book.over([folder(course, "roejane")]), course, "en", NOW))
        assert rows_of(made.files["canvas.csv"])[2][1] == wanted
