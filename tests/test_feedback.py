"""What leaves the house: a page each, nothing of anybody else on it, when it is to be seen."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from reports import HOSTILE, report, result
from test_marks import DUE, JANE, MING, NOW, OLGA, PLAIN, course_with
from test_reports_html import Page

from autograder.core.assignments import Feedback
from autograder.core.course import Course
from autograder.intake.collect import people
from autograder.marks.handins import HandedIn
from autograder.marks.ledger import Files, Ledger
from autograder.marks.roster import Roster
from autograder.reports.exports import gradescope
from autograder.reports.exports.render import render
from autograder.reports.pages.feedback import write_feedback
from autograder.reports.people import Person
from autograder.reports.reading import StudentReports

BEFORE = DUE.replace(day=1)
SAYS = "the result[1, 2] is 2, expected 0.5."


def ledger_of(
    course: Course, rows: list[people.Person], platform: str = "", now: Any = NOW
) -> Ledger:
    folders = {row.folder: row.folder for row in rows}
    handed = HandedIn(folders, rows, dict.fromkeys(folders, platform))
    ming = msgspec.structs.replace(MING, language="zh", moodle="Participant 4712")
    return Ledger(course, Files(Roster([JANE, ming, OLGA])), handed, now)


def students(course: Course) -> list[StudentReports]:
    """Jane, who makes a mistake in one of two units, and a group of one with a hostile name."""
    wrong = result("scale", "failed", message=SAYS, help="Look at the scale.")
    picture = {"attention_weights": [[0.25, 0.75]]}
    mine = report(course, "jroe", "attention", wrong, figures=picture)
    return [
        StudentReports("jroe", "jroe", {"attention": mine, "rnn": report(course, "jroe", "rnn")}),
        StudentReports("wxm", "wxm", {"rnn": report(course, "wxm", "rnn", file=HOSTILE)}),
    ]


ROWS = [
    people.Person("jroe", "12345", "roejane", attempt="678901", late="late"),
    people.Person("wxm", "12346", "wxm", attempt="678902"),
]


def written(course: Course, folder: Path, **others: Any) -> dict[str, str]:
    """The pages by folder."""
    book = ledger_of(course, ROWS, **others)
    write_feedback(folder, book.over(students(course)), course, "en")
    pages = (folder / "students").glob("*/feedback.html")
    return {path.parent.name: path.read_text("utf-8") for path in pages}


def test_each_has_a_page_of_their_own_in_their_language(course: Course, tmp_path: Path) -> None:
    pages = written(course, tmp_path)
    assert pages.keys() == {"jroe", "wxm", "olga"}
    assert SAYS in pages["jroe"] and "<svg" in pages["jroe"]
    assert 'lang="zh-Hans"' in pages["wxm"] and 'lang="en"' in pages["olga"]
    assert "not handed in" in pages["olga"]
    names = {"jroe": "Roe, Jane", "wxm": "王小明", "olga": "Ольга Иванова"}
    for folder, text in pages.items():
        links = [a["href"] for tag, a in Page(text).tags if tag == "a"]
        assert all(link and link.startswith("#") for link in links)
        assert not [name for other, name in names.items() if other != folder and name in text]
        assert "<script" not in text and "src=" not in text


@pytest.mark.parametrize(
    ("before", "points", "reasons"),
    [("reasons", True, True), ("points", True, False), ("nothing", False, False)],
)
def test_what_is_seen_before_the_due_date(
    course: Course, tmp_path: Path, before: Any, points: bool, reasons: bool
) -> None:
    rule = {"feedback": Feedback(before_due=before)} | PLAIN | {"units": ["attention"]}
    week = course_with(course, **rule)
    text = written(week, tmp_path / "early", now=BEFORE)["jroe"]
    attention = course.unit("attention").title.en
    assert (f'id="attention">{attention}' in text) == points
    assert (SAYS in text) == ("Look at the scale." in text) == ("<svg" in text) == reasons
    assert ("shown once it is due, 2026-10-12 22:00+00:00" in text) == (not points)
    assert (">4</td>" in text) == points  # the points in the table
    late = written(week, tmp_path / "late")["jroe"]
    assert SAYS in late and "<svg" in late


def test_gradescope_says_what_changed_a_mark(course: Course) -> None:
    week = course_with(course, **PLAIN, penalty=0.5)
    rows = [msgspec.structs.replace(ROWS[0], time="2026-10-13T12:00")]
    (jane, *_) = ledger_of(week, rows).over(students(course)[:1])
    content = json.loads(gradescope.results(jane, week, "en"))
    assert content["score"] == 5 and content["output"].startswith("Late: 1 day(s) begun after")


def test_when_it_was_due_and_handed_in_is_said(course: Course, tmp_path: Path) -> None:
    week = course_with(course, **PLAIN)
    rows = [msgspec.structs.replace(ROWS[0], time="2026-10-11T12:00")]
    write_feedback(tmp_path, ledger_of(week, rows).over(students(course)[:1]), week, "en")
    text = (tmp_path / "students" / "jroe" / "feedback.html").read_text("utf-8")
    assert "Due 2026-10-12 22:00+00:00, handed in 2026-10-11 12:00+00:00." in text


def test_a_hostile_name_leads_nowhere(course: Course, tmp_path: Path) -> None:
    """Neither out of a folder or zip, nor into the page, nor into a spreadsheet."""
    evil = Person(f"../../{HOSTILE}", "=1+1", "../up", moodle="Participant 9")
    book = Ledger(course, Files(Roster([evil])), HandedIn({"x": "../up"}, []), NOW)
    (student,) = book.over([StudentReports("x", "x", {"rnn": report(course, "x", "rnn")})])
    write_feedback(tmp_path / "out", [student], course, "en")
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in written} == {"feedback.html", "moodle.zip"}
    assert "<script" not in written[0].read_text("utf-8", "replace")
    with zipfile.ZipFile(tmp_path / "out" / "moodle.zip") as archive:
        (name,) = archive.namelist()
        assert name.count("/") == 1 and name.split("_")[1] == "9"
    for target in ("canvas", "moodle", "csv"):
        ((_name, (data,)),) = render(target, [student], course, "en", NOW).files
        cells = [c for row in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for c in row]
        assert "'=1+1" in cells and not [c for c in cells if c.startswith(("=", "+", "@"))]


def test_the_zips_are_as_each_platform_reads_them_back(course: Course, tmp_path: Path) -> None:
    """Moodle: importziplib.php; Canvas: the first two parts of a name that are all digits."""
    book = ledger_of(course, ROWS, "canvas")
    paths = write_feedback(tmp_path, book.over(students(course)), course, "en")
    assert [path.name for path in paths] == ["students", "moodle.zip", "canvas.zip"]
    with zipfile.ZipFile(io.BytesIO((tmp_path / "canvas.zip").read_bytes())) as archive:
        read = [[p for p in name.split("_") if p.isdecimal()][:2] for name in archive.namelist()]
        assert read == [["12345", "678901"], ["12346", "678902"]]
        assert SAYS in archive.read(archive.namelist()[0]).decode()
    with zipfile.ZipFile(tmp_path / "moodle.zip") as archive:
        parts = [name.split("/")[0].split("_", 4) for name in archive.namelist()]
        assert parts == [["王小明", "4712", "assignsubmission", "file"]]
    book = ledger_of(course, ROWS, "moodle")
    write_feedback(tmp_path, book.over(students(course)), course, "en")
    with zipfile.ZipFile(tmp_path / "moodle.zip") as archive:
        assert [name.split("_")[1] for name in archive.namelist()] == ["12345", "12346"]


@pytest.mark.parametrize(
    ("before", "after", "whole", "seen"),
    [
        ("reasons", "reasons", "visible", {("visible", True)}),
        ("points", "reasons", "visible", {("visible", False), ("after_due_date", True)}),
        ("points", "points", "visible", {("visible", False)}),
        ("nothing", "reasons", "after_due_date", {("after_due_date", True)}),
        ("nothing", "nothing", "hidden", {("hidden", False)}),
    ],
)
def test_gradescope_shows_it_when_it_is_due_there(
    course: Course, before: Any, after: Any, whole: str, seen: set[tuple[str, bool]]
) -> None:
    shy = msgspec.structs.replace(course, feedback=Feedback(before, after))
    content = json.loads(gradescope.results(students(course)[0], shy, "en"))
    assert content["visibility"] == whole and content["score"] == 6
    scale = [test for test in content["tests"] if test["name"].endswith(": scale")]
    assert {(test["visibility"], SAYS in test.get("output", "")) for test in scale} == seen
    assert sum(test.get("max_score", 0) for test in content["tests"]) == 7
