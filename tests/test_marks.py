"""From reports to people: rosters as platforms write them, lateness, what is changed by hand."""

from __future__ import annotations

import csv
import io
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from reports import report, result

from autograder.core import course as courses
from autograder.core import files
from autograder.core.assignments import Assignment
from autograder.core.course import ON_CPU, Course
from autograder.core.errors import CourseError, GraderError, SubmissionsError
from autograder.core.titles import Title
from autograder.intake import decisions
from autograder.intake.collect import people, repositories, run
from autograder.marks import adjustments, handins, lateness, roster
from autograder.marks.handins import HandedIn
from autograder.marks.ledger import Files, Ledger
from autograder.reports import store
from autograder.reports.exports.render import render
from autograder.reports.people import Person
from autograder.reports.reading import StudentReports, beside, each, in_order
from autograder.reports.table import number, summary_csv

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
# The first lines are those of real exports: Canvas's lib/gradebook_exporter.rb, Moodle's
# mod/assign/gradingtable.php and grade/export, Gradescope's downloads, nbgrader's database.
ROSTERS = {
    "canvas": """\
Student,ID,SIS User ID,SIS Login ID,Section,Week 1 (4314),Current Score,Final Score
,,,,,Manual Posting,,
    Points Possible,,,,,28,(read only),(read only)
"Roe, Jane",12345,s001,jroe,Lab 1 and Lab 2,,,
王小明,12346,s002,wxm,Lab 1,,,
"Student, Test",99999,,bbbc6740f0b946af,Lab 1,,,
""",
    "canvas first and last": """\
LastName;FirstName;ID;SIS User ID;SIS Login ID;Section
Roe;Jane;12345;s001;jroe;Lab 1
王;小明;12346;s002;wxm;Lab 1
""",
    "moodle worksheet": """\
Identifier,"Full name","ID number","Email address",Status,Group,Grade,"Maximum grade",\
"Grade can be changed","Last modified (submission)","Last modified (grade)","Feedback comments"
"Participant 12345","Jane Roe",s001,jroe@uni.example,"Submitted for grading - ",A,,28.00,Yes,-,-,
"Participant 12346",王小明,s002,wxm@uni.example,"No submission - ",A,,28.00,Yes,-,-,
""",
    "moodle grader report": """\
"First name","Last name","ID number",Institution,Department,"Email address","Course total (Real)"
Jane,Roe,s001,,,jroe@uni.example,-
小明,王,s002,,,wxm@uni.example,-
""",
    "gradescope": """\
First Name,Last Name,SID,Email,Role,Section
Jane,Roe,s001,jroe@uni.example,Student,Lab 1
小明,王,s002,wxm@uni.example,Student,Lab 1
Tia,Ti,t1,tia@uni.example,TA,
""",
    "nbgrader": """\
id,first_name,last_name,email,lms_user_id
jroe,Jane,Roe,jroe@uni.example,
wxm,小明,王,wxm@uni.example,
""",
    "by hand": """\
学号\t姓名\t登录名\t班级\t语言
s001\tJane Roe\tjroe\tLab 1\tEnglish
s002\t王小明\twxm\tLab 1\t中文
""",
}


def read(folder: Path, text: str) -> roster.Roster:
    path = folder / "roster.csv"
    path.write_text(text, "utf-8-sig")
    found = roster.load(path)
    assert found
    return found


@pytest.mark.parametrize("platform", ROSTERS)
def test_a_roster_is_read_under_each_platform_s_own_headers(tmp_path: Path, platform: str) -> None:
    found = read(tmp_path, ROSTERS[platform])
    jane, ming = found.people
    assert jane.name in ("Jane Roe", "Roe, Jane") and ming.name == "王小明"
    ids = {text for p in found.people for text in (p.id, p.login, p.email) if text}
    assert {"s001", "s002"} <= ids or {"jroe", "wxm"} <= ids
    for known in filter(None, ("Jane Roe", jane.id, jane.login, jane.email, jane.canvas)):
        assert found.find(known.upper()) == [jane]
    if "canvas" in platform:
        assert (jane.canvas, jane.id, jane.login) == ("12345", "s001", "jroe")
    if platform == "moodle worksheet":
        assert jane.moodle == "Participant 12345" and found.find("12345") == [jane]
    if platform == "nbgrader":
        assert jane.login == "jroe"
    if platform == "by hand":
        assert [p.language for p in found.people] == ["en", "zh"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Colour,Shape\nred,round\n", "names nobody"),
        ("name,login\nA,x\nB,X\n", "'X' twice, as login"),
        ("name,login\nA,\xff\n", "Save it as CSV in UTF-8"),
    ],
)
def test_a_roster_that_cannot_be_used_says_why(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "roster.csv"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(SubmissionsError, match=said):
        roster.load(path)


def test_without_a_roster_there_is_none(tmp_path: Path) -> None:
    assert roster.load(tmp_path / "roster.csv") is None


def folder(course: Course, name: str, *units: str, **others: Any) -> StudentReports:
    """What one folder of submissions came to."""
    made = {unit: report(course, name, unit, **others) for unit in units or ("rnn",)}
    return StudentReports(name, name, made)


def class_of(
    course: Course,
    folders: list[StudentReports],
    members: list[Person] | None = None,
    rows: list[people.Person] = [],  # noqa: B006 - never changed
    extensions: Mapping[str, lateness.Extension] | None = None,
    adjusted: list[adjustments.Adjustment] = [],  # noqa: B006
    gone: list[str] = [],  # noqa: B006
    now: datetime = NOW,
) -> tuple[dict[str, StudentReports], list[str]]:
    """Everybody by name, and what the instructor is told."""
    files = Files(
        None if members is None else roster.Roster(members),
        [(f"line {n}", e) for n, e in enumerate((extensions or {}).values())],
        [(f"line {n}", a) for n, a in enumerate(adjusted)],
    )
    there = {f.folder: f.name for f in folders if f.folder not in gone}
    ledger = Ledger(course, files, HandedIn(there, rows), now)
    found = in_order(ledger.over(folders))
    by_name = {student.name: student for student in found}
    assert len(by_name) == len(found)
    return by_name, ledger.notes


JANE = Person("Roe, Jane", "s001", "jroe", "jroe@uni.example", "Lab 1", canvas="12345")
MING = Person("王小明", "s002", "wxm", "wxm@uni.example", "Lab 2", canvas="12346")
OLGA = Person("Ольга Иванова", "s003", "olga", "olga@uni.example", "Lab 2", canvas="12347")


FILES_OF_A_CLASS: list[tuple[str, Callable[[Path, Course], object]]] = [
    (roster.FILE, lambda folder, _: roster.load(folder / roster.FILE)),
    (lateness.FILE, lambda folder, _: lateness.load(folder / lateness.FILE)),
    (adjustments.FILE, lambda folder, course: adjustments.load(folder / adjustments.FILE, course)),
    (people.FILE, lambda folder, _: people.read(folder)),
    (decisions.FILE, lambda folder, course: decisions.load(folder, [], course)),
    (handins.FILE, lambda folder, _: handins.load(folder)),
    ("students.txt", lambda folder, _: repositories.wanted(str(folder / "students.txt"))),
    ("class.zip", lambda folder, course: run.collect(course, folder / "class.zip", folder / "to")),
    ("course/course.toml", lambda folder, _: courses.load(folder)),
]


@pytest.mark.parametrize("kind", ["a pipe", "a folder", "a device"])
@pytest.mark.parametrize(("name", "load"), FILES_OF_A_CLASS, ids=lambda value: str(value)[:12])
def test_what_is_no_file_is_named_and_never_waited_for(
    course: Course, tmp_path: Path, name: str, load: Callable[..., object], kind: str
) -> None:
    """A folder that is given for a download is one that holds none."""
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    with in_seconds(20), pytest.raises(GraderError, match=name) as told:
        load(tmp_path, course)
    assert kind in str(told.value) or name in ("class.zip", "students.txt")


def test_a_file_of_a_class_has_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / people.FILE).write_text("folder,name\njane,Jane\n")
    assert people.read(tmp_path)[0].name == "Jane"
    monkeypatch.setattr(files.read_regular, "__defaults__", (9,))
    with pytest.raises(SubmissionsError, match="larger than"):
        people.read(tmp_path)


@contextmanager
def in_seconds(seconds: int) -> Iterator[None]:
    """Raise TimeoutError where something waits for longer."""

    def end(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_everybody_of_the_roster_is_there_and_files_of_nobody_are_apart(course: Course) -> None:
    rows = [people.Person("roejane_12345", "12345", "roejane")]
    folders = [folder(course, name) for name in ("roejane_12345", "wxm", "who")]
    found, notes = class_of(course, folders, [JANE, MING, OLGA], rows)
    assert list(found) == ["Roe, Jane", "Ольга Иванова", "王小明", "who"]
    assert [s.place for s in found.values()] == ["in", "in", "in", "out"]
    nothing = found["Ольга Иванова"]
    assert nothing.reports["rnn"].status == "missing" and nothing.score is None
    assert nothing.folder == "olga"
    assert notes == ["In no line of the roster, and listed apart: who."]


def test_a_group_is_credited_to_each_with_a_page_for_each(course: Course) -> None:
    rows = [
        people.Person("Jane + Ming", "s001"),
        people.Person("Jane + Ming", "", "", "WXM@uni.example"),
    ]
    team = msgspec.structs.replace(OLGA, group="Team 7")
    folders = [folder(course, "Jane + Ming"), folder(course, "Team 7")]
    found, notes = class_of(course, folders, [JANE, MING, team], rows)
    assert {s.name: s.score for s in found.values()} == dict.fromkeys(found, 2.0)
    assert len({s.folder for s in found.values()}) == 3 and not notes


def test_two_of_one_name_are_told_apart_and_never_mixed_up(course: Course) -> None:
    nameless = [Person("A B", section="1"), Person("A B", section="2")]
    assert class_of(course, [], nameless)[0].keys() == {"A B (1)", "A B (2)"}
    other = Person("王小明", "s009", "wxm9")
    found, notes = class_of(
        course, [folder(course, "王小明"), folder(course, "wxm9")], [MING, other]
    )
    assert found["王小明 (wxm9)"].score == 2 and found["王小明 (wxm)"].score is None
    assert "apart: 王小明." in notes[0]
    rule = adjustments.Adjustment("王小明", "rnn", "", 3.0, "oral")
    with pytest.raises(SubmissionsError, match="may be 2 people"):
        class_of(course, [], [MING, other], adjusted=[rule])


def test_one_platform_s_number_may_be_another_person_s(course: Course) -> None:
    """Canvas's 12345 is Jane's, and the school's 12345 Ming's: the name decides, or nobody."""
    ming = msgspec.structs.replace(MING, id="12345")
    rows = [people.Person("f", "12345", "Jane Roe"), people.Person("g", "12345", "somebody")]
    found, _ = class_of(course, [folder(course, "f"), folder(course, "g")], [JANE, ming], rows)
    assert found["Roe, Jane"].score == 2 and found["王小明"].score is None
    assert found["g"].place == "out"


def test_who_is_gone_is_shown_as_gone(course: Course) -> None:
    found, _ = class_of(course, [folder(course, "jroe"), folder(course, "x")], gone=["jroe", "x"])
    assert [s.place for s in found.values()] == ["gone", "gone"]
    said = beside(found.values())
    assert said["x"]["why"] == "gone from the submissions"


def test_one_person_s_two_folders_are_one_row(course: Course) -> None:
    rows = [people.Person("a", "12345"), people.Person("b", "12345")]
    folders = [folder(course, "a", "rnn"), folder(course, "b", "attention", "rnn")]
    found, notes = class_of(course, folders, [JANE], rows)
    assert found["Roe, Jane"].reports.keys() == {"rnn", "attention"}
    assert "has rnn in several folders (a, b)" in notes[0]


def test_each_unit_of_one_person_has_its_own_time(course: Course) -> None:
    """As Moodle gives it: another number, and so another folder, in each assignment."""
    week = course_with(course, units=["rnn", "attention"], due=DUE, cap=0.5)
    rows = [
        people.Person("R_1", "1", "Jane Roe", unit="rnn", time="2026-10-12"),
        people.Person("R_2", "2", "Jane Roe", unit="attention", time="2026-10-20"),
    ]
    folders = [folder(course, "R_1", "rnn"), folder(course, "R_2", "attention")]
    found, notes = class_of(week, folders, [JANE], rows)
    marks = {unit: r.mark for unit, r in found["Roe, Jane"].reports.items()}
    assert marks == {"rnn": 2, "attention": 2.5} and not notes
    assert found["Roe, Jane"].uploaded.id == ""  # of two hand-ins
    only = class_of(week.only(["week1"]), folders, [JANE], rows[:1])[0]["Roe, Jane"]
    assert only.uploaded.id == "1"


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def exported(target: Any, found: Mapping[str, StudentReports], course: Course) -> dict[str, bytes]:
    files = render(target, found.values(), course, "en", NOW).files
    return {name: b"".join(data) for name, data in files}


def test_exports_carry_what_each_platform_looks_up(course: Course) -> None:
    ming = msgspec.structs.replace(MING, moodle="Participant 4711")
    found, _ = class_of(course, [folder(course, "jroe")], [JANE, ming])
    (row, first, second) = table(exported("canvas", found, course)["canvas.csv"])
    title = course.unit("rnn").title.en
    assert row["Student"] == "    Points Possible" and row[title] == "2"
    assert [*first.values()] == ["Roe, Jane", "12345", "s001", "jroe", "Lab 1", "2"]
    assert (second["ID"], second[title]) == ("12346", "")  # missing is blank, and no zero
    rows = table(exported("moodle", found, course)["moodle.csv"])
    assert rows[0] == {
        "username": "jroe",
        "Email address": "jroe@uni.example",
        "ID number": "s001",
        title: "2",
    }
    with_guest, _ = class_of(course, [folder(course, "jroe"), folder(course, "guest")], [JANE])
    rows = table(exported("canvas", with_guest, course)["canvas.csv"])
    assert [row["ID"] for row in rows[1:]] == ["12345"]  # Canvas would ask who the guest is
    week = course_with(course, units=["rnn"])
    sheet = table(exported("moodle", found, week)["moodle_worksheet.csv"])
    assert [(r["Identifier"], r["Grade"]) for r in sheet] == [("Participant 4711", "")]
    marks = {s.name: s.reports for s in found.values()}
    summary = table(summary_csv(marks, course.units, beside(found.values())))
    assert {r["student"]: (r["section"], r["status"], r["score"]) for r in summary} == {
        "Roe, Jane": ("Lab 1", "graded", "2"),
        "王小明": ("Lab 2", "missing", ""),
    }


def course_with(course: Course, **fields: Any) -> Course:
    """The course with one assignment, week1, and other tables of the manifest."""
    other = {name: fields.pop(name) for name in ("waive", "feedback") if name in fields}
    week = Assignment(**fields) if fields else None
    assignments = {"week1": week} if week else {}
    return msgspec.structs.replace(course, assignments=assignments, **other)


DUE = datetime(2026, 10, 12, 22, tzinfo=UTC)
PLAIN: Mapping[str, Any] = {"units": ["rnn"], "due": DUE}


def late_by(course: Course, written: str, flag: str = "", **fields: Any) -> StudentReports:
    """Jane, whose rnn has both of its points, handed in at a time, or flagged as late."""
    week = course_with(course, **PLAIN | fields)
    rows = [people.Person("jroe", "12345", time=written, late=flag)]
    return class_of(week, [folder(course, "jroe")], [JANE], rows)[0]["Roe, Jane"]


@pytest.mark.parametrize(
    ("written", "fields", "mark"),
    [
        ("2026-10-12T21:59:59", {"penalty": 0.25}, 2),  # without an offset: that of the due date
        ("2026-10-13T00:09:00+02:00", {"penalty": 0.25, "grace_minutes": 10}, 2),
        ("2026-10-13T00:11:00+02:00", {"penalty": 0.25, "grace_minutes": 10}, 1.5),
        ("2026-10-14T22:00:01Z", {"penalty": 0.25}, 0.5),  # three days have begun
        ("2026-10-30", {"penalty": 0.25}, 0),
        ("2026-10-30", {"cap": 0.5}, 1),
        ("2026-10-30", {}, 2),
        ("when nobody knows", {"penalty": 0.25}, 2),
    ],
)
def test_lateness_costs_what_the_manifest_says(
    course: Course, written: str, fields: dict[str, Any], mark: float
) -> None:
    jane = late_by(course, written, **fields)
    account = jane.accounts["rnn"]
    assert (jane.reports["rnn"].mark, account.before) == (mark, 2)
    assert sum(step.points for step in account.steps) == pytest.approx(mark - 2)
    assert bool(account.told("en")) == bool(account.told("zh")) == (mark < 2)


def test_late_without_a_time_is_left_to_the_instructor(course: Course) -> None:
    """As Canvas has it. A rule counts days; an extension may have covered it."""
    jane = late_by(course, "", "late", penalty=0.25)
    assert jane.reports["rnn"].mark == 2
    assert jane.accounts["rnn"].told("en")[0].startswith("Handed in late, and nobody knows")
    assert late_by(course, "", "late", penalty=0.25, unknown_days=2).reports["rnn"].mark == 1
    week = course_with(course, **PLAIN, penalty=0.25, unknown_days=2)
    rows = [people.Person("jroe", "12345", late="late")]
    more = {"": lateness.Extension("jroe", "week1", None, 7)}
    found, _ = class_of(week, [folder(course, "jroe")], [JANE], rows, more)
    assert found["Roe, Jane"].reports["rnn"].mark == 2


def test_an_extension_is_one_person_s_and_by_the_nearest_name(
    course: Course, tmp_path: Path
) -> None:
    (tmp_path / lateness.FILE).write_text(
        "student,assignment,until,days,why\ns001,week1,2026-10-14,,ill\n12346,,,1,\nx,rnn,,1,\n"
    )
    read = lateness.load(tmp_path / lateness.FILE)
    week = course_with(course, **PLAIN, penalty=0.25)
    rows = [people.Person(p.login, p.canvas, time="2026-10-14T12:00") for p in (JANE, MING)]
    folders = [folder(course, "jroe"), folder(course, "wxm")]
    files = dict(read)
    found, notes = class_of(week, folders, [JANE, MING], rows, files)
    assert {s.name: s.reports["rnn"].mark for s in found.values()} == {
        "Roe, Jane": 2,
        "王小明": 1.5,
    }
    assert found["Roe, Jane"].accounts["rnn"].told("en") == [
        "Due 2026-10-14 23:59+00:00, by an extension."
    ]
    assert "ill" not in str(found["Roe, Jane"].accounts)
    assert notes == ["course/extensions.csv names people whom nobody knows: x."]
    for line in ("soon,", ",inf", ",nan", ",1e9"):
        (tmp_path / lateness.FILE).write_text(f"student,until,days\njroe,{line}\n")
        with pytest.raises(SubmissionsError, match=r"extensions.csv, line 2: it needs either"):
            lateness.load(tmp_path / lateness.FILE)


def test_what_is_missing_is_a_zero_only_by_rule(course: Course) -> None:
    week = course_with(course, units=["rnn", "attention"], missing="zero")
    found, notes = class_of(week, [folder(course, "jroe", "rnn")], [JANE, MING])
    assert found["王小明"].score == 0 and found["王小明"].reports["rnn"].status == "missing"
    attention = course.unit("attention").max_score(ON_CPU)  # of which nobody has a report
    rows = table(exported("canvas", found, week)["canvas.csv"])
    assert [row["week1"] for row in rows] == [number(2 + attention), "2", "0"]
    assert notes == ["Nobody handed in what week1 asks for: attention."]
    early = course_with(course, units=["rnn"], missing="zero", due=NOW.replace(year=2030))
    found, _ = class_of(early, [folder(course, "jroe", "rnn")], [JANE, MING])
    assert found["王小明"].score is None  # there is time left
    blank = course_with(course, units=["rnn", "attention"])
    found, _ = class_of(blank, [folder(course, "jroe", "rnn")], [JANE, MING])
    rows = table(exported("canvas", found, blank)["canvas.csv"])
    assert [row["week1"] for row in rows[1:]] == ["2", ""]


def test_what_is_not_due_yet_is_neither_missed_nor_exported(course: Course) -> None:
    """A column of it would tell Canvas that the assignment has no points."""
    week2 = Assignment(["attention", "gates"], due=NOW.replace(year=2030))
    both = msgspec.structs.replace(
        course, assignments={"week1": Assignment(["rnn"]), "week2": week2}
    )
    found, notes = class_of(both, [folder(course, "jroe", "rnn")], [JANE, MING])
    assert not notes and found["王小明"].reports.keys() == {"rnn"}
    (points, *_) = table(exported("canvas", found, both)["canvas.csv"])
    assert "week1" in points and "week2" not in points
    found, notes = class_of(both, [folder(course, "jroe", "attention")], [JANE])
    assert notes == [
        "Nobody handed in what week1 asks for: rnn.",
        "Nobody handed in what week2 asks for: gates.",
    ]
    (points, jane) = table(exported("canvas", found, both)["canvas.csv"])
    assert float(points["week2"]) == 5 + course.unit("gates").max_score(ON_CPU)
    assert (jane["week1"], jane["week2"]) == ("", "5")


def test_what_is_begun_is_asked_of_everyone_in_whatever_order(
    course: Course, tmp_path: Path
) -> None:
    week2 = Assignment(["attention", "gates"], due=NOW.replace(year=2030))
    both = msgspec.structs.replace(course, assignments={"week2": week2})
    for name, unit in (("jroe", "rnn"), ("wxm", "rnn"), ("wxm", "attention")):
        store.write(tmp_path / name / f"{unit}.json", store.encode(report(both, name, unit)))
    handed_in = HandedIn({name: name for name in ("jroe", "wxm")})
    book = Ledger(both, Files(roster.Roster([JANE, MING])), handed_in, NOW, tmp_path)
    first, last = book.over(each(tmp_path, both.units))
    assert (first.name, last.name) == ("Roe, Jane", "王小明")
    assert first.reports.keys() == last.reports.keys() == {"rnn", "attention", "gates"}
    assert first.max_score == last.max_score


def test_an_assignment_is_a_column_and_waits_for_all_of_its_units(course: Course) -> None:
    week = course_with(
        course,
        units=["rnn", "attention", "gates"],
        bonus=["gates"],
        title=Title("Week 1", "第一周"),
    )
    unread = report(course, "wxm", "attention", status="unread", score=None)
    ming = StudentReports("wxm", "wxm", {"rnn": report(course, "wxm", "rnn"), "attention": unread})
    folders = [folder(course, "jroe", "rnn", "attention", "gates"), ming]
    found, _ = class_of(week, folders, [JANE, MING])
    points, first, second = table(exported("canvas", found, week)["canvas.csv"])
    gates = len(course.unit("gates").exercises)
    assert points["Week 1"] == "7" and first["Week 1"] == str(7 + gates)
    assert second["Week 1"] == "" and found["Roe, Jane"].max_score == 7


def test_changes_by_hand_stand_beside_what_the_tests_said(course: Course, tmp_path: Path) -> None:
    failed = result("scale", "failed", message="wrong")
    jane = StudentReports(
        "jroe", "jroe", {"attention": report(course, "jroe", "attention", failed)}
    )
    lines = """\
student;unit;test;points;why
jroe;attention;scale;0,5;a typo
jroe;attention;style;-1;no names
jroe;attention;softmax;excused;ill in that week
s002;attention;;3;oral exam
s003;attention;;excused;from another year
jroe;attention;test_that_is_none;1;?
jroe;attention;style;excused;what?
nobody;rnn;;1;?
"""
    (tmp_path / adjustments.FILE).write_text(lines)
    rows = [row for _, row in adjustments.load(tmp_path / adjustments.FILE, course)]
    before = msgspec.json.encode(jane.reports["attention"])
    found, notes = class_of(course, [jane], [JANE, MING, OLGA], adjusted=rows)
    mine = found["Roe, Jane"]
    assert (mine.accounts["attention"].before, mine.accounts["attention"].most) == (4, 5)
    assert (mine.score, mine.max_score) == (2.5, 4)  # 3 passed, half a point, style
    assert "style, by hand: no names" in mine.accounts["attention"].told("en")
    assert "softmax is excused: ill in that week" in mine.accounts["attention"].told("en")
    assert msgspec.json.encode(jane.reports["attention"]) == before
    assert found["王小明"].score == 3 and found["王小明"].reports["attention"].status == "graded"
    assert found["Ольга Иванова"].reports["attention"].status == "excused"
    assert "is no test of this report" in " ".join(mine.accounts["attention"].told("en"))
    assert notes == ["course/adjustments.csv names people whom nobody knows: nobody."]
    (row,) = [
        r for r in table(exported("canvas", found, course)["canvas.csv"]) if r["ID"] == "12347"
    ]
    assert "EX" in row.values()
    junit = exported("junit", {"": mine}, course)["junit.xml"].decode()
    assert 'name="score" value="2.5"' in junit and 'name="score_before" value="4"' in junit


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("jroe,rnm,,1,x", "no unit 'rnm'"),
        ("jroe,rnn,,many,x", "not 'many'"),
        ("jroe,rnn,,inf,x", "not 'inf'"),
        ("jroe,rnn,,1,", "`why` is blank"),
    ],
)
def test_a_line_by_hand_that_makes_no_sense_is_named(
    course: Course, tmp_path: Path, line: str, said: str
) -> None:
    path = tmp_path / adjustments.FILE
    path.write_text(f"student,unit,test,points,why\n{line}\n")
    with pytest.raises(SubmissionsError, match=f"line 2: .*{said}"):
        adjustments.load(path, course)


def test_a_wrong_test_is_waived_for_everyone_and_nothing_is_graded_again(course: Course) -> None:
    why = {"test_scale_values": Title("100% wrong", "错了")}
    failed = result("scale", "failed", message="wrong")
    folders = [
        StudentReports(n, n, {"attention": report(course, n, "attention", failed)}) for n in "ab"
    ]
    wrong = course_with(course, waive={"attention": why, "rnn": why})
    found, notes = class_of(wrong, [*folders, folder(course, "c", "rnn")])
    assert [found[name].score for name in "ab"] == [5, 5]
    (said,) = found["a"].accounts["attention"].told("zh")
    assert "test_scale_values" in said and "错了" in said
    assert notes == ["[waive.rnn] names no test of any report: test_scale_values."]


def test_the_best_attempt_counts_where_the_manifest_says_so(course: Course, tmp_path: Path) -> None:
    """Each with its own lateness: the first, in time, is better than the last."""
    from autograder.marks import ledger
    from autograder.reports.store import encode, write

    better = report(course, "jroe", "rnn")
    worse = report(course, "jroe", "rnn", result("rnn", "failed", message="worse"))
    write(tmp_path / "jroe" / "rnn.json", encode(worse))
    write(tmp_path / "jroe" / "attempts" / "2026-10-11T120000" / "rnn.json", encode(better))
    row = people.Person("jroe", "12345", time="2026-10-12T23:00")
    handed = HandedIn({"jroe": "jroe"}, [row])
    for attempts, mark in (("best", 2.0), ("last", 0.5)):
        week = course_with(course, **PLAIN, penalty=0.25, attempts=attempts)
        book = ledger.Ledger(week, Files(roster.Roster([JANE])), handed, NOW, tmp_path)
        (jane,) = book.over([StudentReports("jroe", "jroe", {"rnn": worse})])
        assert jane.reports["rnn"].mark == mark
        assert [(name, r.mark) for name, r in jane.attempts["rnn"]] == [("2026-10-11T120000", 2)]


def test_whom_an_instructor_means(course: Course, tmp_path: Path) -> None:
    """A folder's name; else whom the roster, or people.csv, has under that name or number."""
    from types import SimpleNamespace
    from typing import cast

    from autograder.batch.run import Batch
    from autograder.marks.whose import folder_of

    people.save(tmp_path, [people.Person("a", "12345", "Roe"), people.Person("b", "7", "Bo")])
    batch = cast(Batch, SimpleNamespace(students=["a", "b", "c"], submissions=tmp_path))
    bare = msgspec.structs.replace(course, root=tmp_path)
    assert [folder_of(t, batch, bare) for t in ("c", "12345", "BO")] == ["c", "a", "b"]
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "roster.csv").write_text(ROSTERS["canvas"], "utf-8")
    assert folder_of("jroe", batch, bare) == folder_of("Jane Roe", batch, bare) == "a"
    for nobody in ("wxm", "somebody"):
        with pytest.raises(SubmissionsError, match="has no folder"):
            folder_of(nobody, batch, bare)


def test_where_a_function_begins() -> None:
    from autograder.grading.replay import place
    from autograder.intake.submission import File

    cells = ["import torch\n", "x = 1\n\ndef rnn_step(x):\n    pass\n", "def rnn(x): ..."]
    files = [File("gates", "g.py", ["def rnn(): ..."]), File("rnn", "my rnn.ipynb", cells, True)]
    assert place(files, "rnn", "rnn") == ("my rnn.ipynb", 8)
    assert place(files, "rnn", "lstm") is place(files, "attention", "rnn") is None


MANIFEST = {
    "[assignments.w]\nunits = ['rnm']": "no unit 'rnm'",
    "[assignments.w]\nunits = ['rnn']\n[assignments.v]\nunits = ['rnn']": "is in 'w' already",
    "[assignments.w]\nunits = ['rnn']\nbonus = ['gates']": "bonus names 'gates'",
    "[assignments.w]\nunits = ['rnn']\ndue = 2026-10-12T23:59:00": "timezone",
    "[waive.rnm]\ntest_x = { en = 'a', zh = 'b' }": "no unit 'rnm'",
}


@pytest.mark.parametrize("text", MANIFEST)
def test_a_manifest_that_makes_no_sense_is_refused(tmp_path: Path, text: str) -> None:
    from conftest import ROOT

    from autograder.core import course as courses

    (tmp_path / "course").mkdir()
    manifest = (ROOT / "course" / "course.toml").read_text("utf-8")
    (tmp_path / "course" / "course.toml").write_text(f"{manifest}\n{text}\n", "utf-8")
    with pytest.raises(CourseError, match=MANIFEST[text]):
        courses.load(tmp_path)


def test_marks_of_two_thousand_are_made_at_once(course: Course) -> None:
    """Of the same work as one student's: nothing is looked through for each again."""
    week = course_with(course, units=course.unit_names, due=DUE, penalty=0.1)
    members = [Person(f"Student {n}", f"s{n}", f"login{n}") for n in range(2000)]
    rows = [people.Person(p.login, p.id, time="2026-10-13T12:00") for p in members]
    one = {unit: report(course, "x", unit) for unit in course.unit_names}
    folders = [StudentReports(p.login, p.login, one) for p in members]
    found, notes = class_of(week, folders, members, rows)
    assert len(found) == 2000 and not notes
    most = one["rnn"].max_score
    assert {s.reports["rnn"].mark for s in found.values()} == {round(most - most * 0.1, 6)}
