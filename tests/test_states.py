"""What every page and export writes for a unit without a mark, as docs/reports.md says."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import msgspec
import pytest
from conftest import ROOT
from reports import report, student_of
from rich.console import Console

from autograder.core.course import Course
from autograder.reports import table
from autograder.reports.changes import changes
from autograder.reports.exports import gradescope
from autograder.reports.exports.render import Target, render
from autograder.reports.pages.html import class_page, student_page
from autograder.reports.people import Person
from autograder.reports.reading import StudentReports
from autograder.reports.schema import SCHEMA, Report, Status
from autograder.reports.states import STATES, total, worst
from autograder.reports.store import encode, read

WHEN = datetime(2026, 11, 23, tzinfo=UTC)
MARKED = ("graded", "advisory")
OLD = ROOT / "tests" / "old_reports"


def documented() -> dict[str, dict[str, str]]:
    """By state and column, what the documentation says."""
    lines = (ROOT / "docs" / "reports.md").read_text("utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| | terminal"))
    rows = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in lines[start:]]
    rows = rows[: rows.index([]) if [] in rows else None]
    head = rows[0]
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows[2:] if row}


DOCUMENTED = documented()


def a_student(course: Course, status: str) -> StudentReports:
    """Two points in one unit; five, no mark or no report at all in another."""
    rnn = report(course, "ann", "rnn")
    if status == "not graded":
        return student_of([rnn])
    made = report(course, "ann", "attention", message="Why it is so.", status=status)
    if status not in MARKED:
        made = msgspec.structs.replace(made, score=None, tests=[])
    return student_of([rnn, made])


def exported(course: Course, target: Target, student: StudentReports) -> dict[str, str]:
    # A second student has a report for each unit, so that each has a column.
    other = student_of([report(course, "zed", unit) for unit in ("rnn", "attention")])
    files = render(target, [student, other], course, "en", WHEN).files
    return {name: b"".join(data).decode("utf-8-sig") for name, data in files}


def row_of(course: Course, target: Target, student: StudentReports) -> dict[str, str]:
    (text,) = exported(course, target, student).values()
    rows = list(csv.reader(io.StringIO(text)))
    return next(dict(zip(rows[0], row, strict=True)) for row in rows if "ann" in row)


def shown(cell: str) -> str:
    """What the documentation says of a cell in a table of marks."""
    return {"5": "score", "": "blank"}.get(cell, cell)


@pytest.mark.parametrize("status", DOCUMENTED)
def test_tables_for_people(course: Course, status: str, capsys: pytest.CaptureFixture[str]) -> None:
    student = a_student(course, status)
    attention = student.reports.get("attention")
    assert shown(re.sub(r"\[.*?\]", "", table._cell(attention))) == DOCUMENTED[status]["terminal"]
    pages = [class_page([student, a_student(course, "graded")], course, "en")]
    cells = re.findall(r'<td class="n">(.*?)</td>', pages[0].split("<tbody>")[1], re.DOTALL)
    first = re.sub(r"<span class=\"(hidden|bar)\".*?</span>|<.*?>", "", cells[1]).strip()
    assert shown(first) == DOCUMENTED[status]["class and student page"]
    text = student_page(student, course, "en")
    assert ("Why it is so." in text) == (status != "not graded")
    (summary, _notes) = sorted(exported(course, "github", student).values(), key=len, reverse=True)
    ann = next(line for line in summary.splitlines() if line.startswith("| ann"))
    assert shown(ann.split("|")[3].partition("/")[0].strip()) == DOCUMENTED[status]["GitHub"]


def test_a_narrow_terminal_has_whole_names_and_marks(course: Course) -> None:
    student = "Müller_Jonas"
    marks = {student: {u: report(course, student, u, score=12.25) for u in course.unit_names}}
    output = io.StringIO()
    table.print_class(Console(file=output, width=80), marks, course.units)
    said = output.getvalue().partition("1 rnn")[0]
    assert said.count(student) == 2
    assert said.count("12.25") == len(course.units) and "…" not in said


@pytest.mark.parametrize("status", DOCUMENTED)
def test_tables_for_machines(course: Course, status: str) -> None:
    student = a_student(course, status)
    summary = row_of(course, "csv", student)
    assert shown(summary["attention"]) == DOCUMENTED[status]["summary.csv"]
    is_open = status in ("incomplete", "unread")
    assert summary["score"] == ("" if is_open else "7" if status in MARKED else "2")
    assert summary["max_score"] == ("2" if status in ("excused", "not graded") else "7")
    title = course.unit("attention").title.en
    assert shown(row_of(course, "canvas", student)[title]) == DOCUMENTED[status]["Canvas"]
    assert shown(row_of(course, "moodle", student)[title]) == DOCUMENTED[status]["Moodle"]


@pytest.mark.parametrize("status", DOCUMENTED)
def test_junit(course: Course, status: str) -> None:
    suites = ElementTree.fromstring(
        exported(course, "junit", a_student(course, status))["junit.xml"]
    )
    found = [suite for suite in suites if suite.get("name") == "ann attention"]
    said = DOCUMENTED[status]["JUnit"]
    assert bool(found) == (said != "nothing")
    for suite in found:
        cases = suite.findall("testcase")
        names = [p.get("name") for p in suite.iter("property")]
        assert ("score" in names) == (said == "tests")
        assert int(suite.get("tests", "")) == len(cases)
        counted = {tag: int(suite.get(tag, "")) for tag in ("errors", "skipped")}
        if said != "tests":
            assert [child.tag for case in cases for child in case] == [said]
            assert counted == {"errors": int(said == "error"), "skipped": int(said == "skipped")}


@pytest.mark.parametrize("status", DOCUMENTED)
def test_gradescope(course: Course, status: str) -> None:
    student, said = a_student(course, status), DOCUMENTED[status]["Gradescope"]
    files = exported(course, "gradescope", student)
    found = files.get("gradescope/ann/results.json")
    assert (found is None) == (said == "no file")
    if found:
        content = json.loads(found)
        title = course.unit("attention").title.en
        tests = [test for test in content["tests"] if test["name"].startswith(title)]
        assert bool(tests) == (said not in ("left out", "nothing"))
        assert content["score"] == (7 if said == "tests" else 2)
        if said.startswith("0"):
            (test,) = tests
            assert (test["score"], test["max_score"], test["output"]) == (0, 5, "Why it is so.")
    if status == "unread":  # in Gradescope's own container the student is told
        told = json.loads(gradescope.results(student, course, "en"))
        assert [t["output"] for t in told["tests"] if t["max_score"] == 5] == ["Why it is so."]


def test_every_state_is_documented() -> None:
    assert set(get_args(Status)) == STATES.keys() == DOCUMENTED.keys() - {"not graded"}


def test_a_total_waits_for_what_is_open_and_nothing_is_no_zero(course: Course) -> None:
    def of(*statuses: Status) -> list[Report]:
        made = [report(course, "ann", "rnn", status=status) for status in statuses]
        return [msgspec.structs.replace(r, score=2.0 if r.status in MARKED else None) for r in made]

    assert total(of("graded", "missing", "excused")) == 2
    assert total(of("graded", "unread")) is None
    assert total(of("missing")) is total([]) is None
    assert worst(of("graded", "missing", "unread")) == "unread"
    assert worst(of("graded", "missing")) == "graded"


def test_reports_of_before_are_still_read() -> None:
    """Their zero without a file is no mark, nor is that of an incomplete one."""
    found = {name: read(OLD / f"{name}.json") for name in ("graded", "missing", "incomplete")}
    assert {name: (r.status, r.score) for name, r in found.items() if r} == {
        "graded": ("graded", 2.0),
        "missing": ("missing", None),
        "incomplete": ("incomplete", None),
    }


class _Before(msgspec.Struct):
    """What a reader of before asks of a report."""

    schema: int
    student: str
    unit: str
    status: str
    isolation: str
    device: str
    score: float
    max_score: float
    tests: list[Any]


def test_who_read_reports_before_still_reads_marks(course: Course) -> None:
    """And fails at what is no mark, in place of taking it for a zero."""
    for status in ("graded", "advisory"):
        data = encode(report(course, "ann", "rnn", status=status))
        assert msgspec.json.decode(data, type=_Before).schema == SCHEMA == 1
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(encode(a_student(course, "unread").reports["attention"]), type=_Before)


def test_a_mark_that_comes_or_goes_is_a_change(course: Course) -> None:
    marked = report(course, "ann", "rnn")
    missing = msgspec.structs.replace(marked, status="missing", score=None, tests=[])
    came, went = changes(missing, marked), changes(marked, missing)
    assert [(c.before, c.after) for c in came] == [(None, 1.0)] * 2
    assert [(c.before, c.after) for c in went] == [(1.0, None)] * 2
    assert not changes(missing, missing)


def test_the_gradebook_names_what_was_given_by_hand(course: Course, tmp_path: Path) -> None:
    """It wins there; and who the roster knows goes by the login, as nbgrader's folders do."""
    pytest.importorskip("nbgrader")
    from nbgrader.api import Gradebook

    from autograder.notebooks.gradebook import save

    person = Person("Ann Lee", login="ann7", email="ann@uni.example")
    student = dataclasses.replace(a_student(course, "graded"), name="Ann Lee", person=person)
    url = f"sqlite:///{tmp_path}/gradebook.db"
    assert not save([student], course, url, "en")
    with Gradebook(url) as gradebook:
        assert gradebook.find_student("ann7").email == "ann@uni.example"
        grade = gradebook.find_submission_notebook("rnn", "rnn", "ann7").grades[0]
        name, grade.manual_score = grade.name, 1.5
        gradebook.db.commit()
    told = [f"Ann Lee: rnn keeps what was given by hand in the gradebook for {name}."]
    assert save([student], course, url, "en") == told


def test_the_gradebook_has_marks_only(course: Course, tmp_path: Path) -> None:
    pytest.importorskip("nbgrader")
    from nbgrader.api import Gradebook

    from autograder.notebooks.gradebook import save

    students = []
    for status in DOCUMENTED:
        student = a_student(course, status)
        renamed = {
            name: msgspec.structs.replace(r, student=status) for name, r in student.reports.items()
        }
        students.append(StudentReports(status, status, renamed))
    url = f"sqlite:///{tmp_path}/gradebook.db"
    told = " ".join(save(students, course, url, "en"))
    assert "incomplete: attention incomplete" in told and "unread: attention unread" in told
    assert "missing" not in told and "excused" not in told
    with Gradebook(url) as gradebook:
        found = {s.student.id for s in gradebook.assignment_submissions("attention")}
    assert found == {s for s, row in DOCUMENTED.items() if row["nbgrader"] == "score"}
