"""What others read: every format whole, nothing incomplete a zero, nothing hostile alive."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import ROOT, autograder
from reports import HOSTILE, report, sample

from autograder.core.console import console
from autograder.core.course import Course
from autograder.reports import table
from autograder.reports.exports import github, gradescope
from autograder.reports.exports.render import Target, render
from autograder.reports.reading import StudentReports
from autograder.reports.store import RESERVED, encode, path_for, write

WHEN = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def rendered(target: Target, students: list[StudentReports], course: Course) -> dict[str, bytes]:
    files = render(target, students, course, "en", WHEN).files
    return {name: b"".join(data) for name, data in files}


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.fixture
def results(course: Course, tmp_path: Path) -> Path:
    """A folder of reports."""
    for student in sample(course):
        for found in student.reports.values():
            write(path_for(tmp_path, found.student, found.unit), encode(found))
    return tmp_path


def test_csv_leaves_blank_what_is_no_mark(course: Course) -> None:
    table = rows(rendered("csv", sample(course), course)["summary.csv"])
    by_name = {row[0]: dict(zip(table[0], row, strict=True)) for row in table[1:]}
    assert by_name["Ann"]["attention"] == "5"
    assert by_name["Ann"]["gates"] == ""  # never graded
    assert by_name["lost"]["attention"] == by_name["lost"]["score"] == ""
    assert by_name["lost"]["status"] == "incomplete"
    assert "'=late" in by_name


def test_a_reason_in_a_pipe_is_one_whole_line(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "attention.py cannot be imported: " + "a long story " * 20
    failed = [report(course, "ann", "attention", message=reason)]
    table._print_reasons(console(), failed)
    assert f"ann, attention: {reason}" in capsys.readouterr().out.splitlines()


def test_canvas(course: Course) -> None:
    table = rows(rendered("canvas", sample(course), course)["canvas.csv"])
    assert table[0][:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert table[0][5:] == ["One step at a time", "Score, scale, softmax, weighted sum"]
    assert [cell.strip() for cell in table[1]] == ["Points Possible", "", "", "", "", "2", "5"]
    by_name = {row[3]: row[5:] for row in table[2:]}
    assert by_name["李雷"] == ["2", "4"]
    assert by_name["lost"] == ["2", ""]
    assert by_name["'=late"] == ["", "0"]  # a real zero, and a unit never graded


def test_moodle(course: Course) -> None:
    table = rows(rendered("moodle", sample(course), course)["moodle.csv"])
    assert table[0][0] == "username"
    assert ["lost", "2", "-"] in table
    cells = [cell for row in table for cell in row if cell != "-"]  # no mark
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]


def test_gradescope(course: Course) -> None:
    """The fields of the published format, their types, and points that add up."""
    files = rendered("gradescope", sample(course), course)
    assert "gradescope/lost/results.json" not in files
    assert len(files) == 4
    content = json.loads(files["gradescope/李雷/results.json"])
    assert set(content) == {"score", "output", "output_format", "visibility", "tests"}
    assert content["score"] == sum(test["score"] for test in content["tests"]) == 6
    assert sum(test["max_score"] for test in content["tests"]) == 7
    for test in content["tests"]:
        assert test["status"] == ("passed" if test["score"] == test["max_score"] else "failed")
        assert test["visibility"] in ("hidden", "after_due_date", "after_published", "visible")
        assert test["output_format"] == "text"
        assert isinstance(test["output"], str)
    scale = next(test for test in content["tests"] if test["name"].endswith(": scale"))
    assert scale["output"].endswith("\nThe scores are divided by the width itself.")


def test_gradescope_refuses_what_is_incomplete(course: Course) -> None:
    with pytest.raises(ValueError, match="incomplete"):
        gradescope.results(sample(course)[3], course, "en")


def test_junit(course: Course) -> None:
    """What Ant's schema asks for: attributes, the order of elements, counts that agree."""
    data = rendered("junit", sample(course), course)["junit.xml"]
    suites = ElementTree.fromstring(data)
    assert suites.tag == "testsuites"
    for number, suite in enumerate(suites):
        wanted = "name package id hostname timestamp time tests failures errors skipped"
        assert set(suite.attrib) == set(wanted.split())
        assert suite.get("id") == str(number)
        assert suite.get("timestamp") == "2026-11-23T12:00:00"
        tags = [child.tag for child in suite]
        cases = suite.findall("testcase")
        expected = ["properties", *["testcase"] * len(cases), "system-out", "system-err"]
        assert tags == expected
        for tag, count in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert len(suite.findall(f"testcase/{tag}")) == int(suite.get(count, ""))
        assert int(suite.get("tests", "")) == len(cases)
        assert all(case.get("name") and case.get("classname") for case in cases)
    lost = next(s for s in suites if s.get("name") == "lost attention")
    assert lost.get("failures") == "0"
    assert not [p for p in lost.iter("property") if p.get("name") == "score"]
    assert b"\x1b" not in data


def test_github_summary_takes_nothing_for_markup(course: Course) -> None:
    files = rendered("github", sample(course), course)
    text = files["github/summary.md"].decode()
    assert "<script" not in text
    assert github.plain(HOSTILE) in text
    assert "| lost | 2 / 2 | ? / 5 | **?** / 7 |" in text
    assert all(line.count("|") == 5 for line in text.splitlines() if line.startswith("|"))


def test_github_says_what_is_advisory(course: Course) -> None:
    from reports import report, student_of

    weak = report(course, "Ann", "attention", status="advisory", isolation="reduced")
    told = [github.told(student_of([weak]), course, "en")]
    assert "advisory · isolation: reduced" in github.summary(told, course, "en")
    told = [github.told(student, course, "en") for student in sample(course)]
    assert "advisory" not in github.summary(told, course, "en")


def test_github_annotations_give_no_commands(course: Course) -> None:
    text = rendered("github", sample(course), course)["github/annotations.txt"].decode()
    assert len(text.splitlines()) <= 10
    assert all(line.startswith("::error file=exercises/") for line in text.splitlines())
    assert "%0A::error::gained" in text


def test_an_annotation_stands_at_the_students_line(course: Course) -> None:
    from reports import report, result, student_of

    failed = result("score", "failed", message="`score` raised E: x in attention.py, line 7 (`y`).")
    student = student_of([report(course, "Ann", "attention", failed)])
    assert github.errors([github.told(student, course, "en")]).startswith(
        "::error file=exercises/attention.py,title=score,line=7::"
    )


def test_a_summary_stays_below_the_size_that_github_takes(course: Course) -> None:
    many = [github.told(sample(course)[2], course, "en")] * 3000
    assert len(github.summary(many, course, "en").encode()) < 1024 * 1024


@pytest.mark.parametrize(
    ("target", "file"),
    [
        ("csv", "summary.csv"),
        ("canvas", "canvas.csv"),
        ("moodle", "moodle.csv"),
        ("junit", "junit.xml"),
        ("html", "index.html"),
        ("nbgrader", "gradebook.db"),
        ("github", "github/summary.md"),
        ("gradescope", "gradescope/Ann/results.json"),
    ],
)
def test_the_command(results: Path, target: str, file: str) -> None:
    if target == "nbgrader":
        pytest.importorskip("nbgrader")
    done = autograder("export", results, "--to", target, "--course", ROOT)
    assert done.returncode == 0, done.stderr
    assert (results / file).is_file()
    assert Path(file).parts[0] in RESERVED, "a student may have that name"
    assert target == "html" or "lost: attention incomplete" in " ".join(done.stdout.split())


def test_output_names_the_file_or_the_folder(results: Path, tmp_path: Path) -> None:
    marks, folder = tmp_path / "out" / "marks.csv", tmp_path / "out" / "zip"
    command = ["export", results, "--course", ROOT, "--to"]
    assert not autograder(*command, "canvas", "--output", marks, "--lang", "zh").returncode
    assert "单向传递信息" in marks.read_text("utf-8")
    assert not autograder(*command, "gradescope", "--output", folder).returncode
    assert (folder / "gradescope" / "Ann" / "results.json").is_file()


def test_a_report_that_cannot_be_read_is_named(results: Path) -> None:
    """It is not as if it had never been there, and whoever goes on with the file notices."""
    path = next(results.glob("Ann/*.json"))
    path.write_bytes(path.read_bytes()[:-9])
    done = autograder("export", results, "--to", "csv", "--course", ROOT)
    assert f"{path} is no report that can be read" in done.stdout
    assert (done.returncode, done.stdout.count(str(path))) == (3, 1)
    for path in results.glob("*/*.json"):
        path.write_bytes(b"{")
    done = autograder("export", results, "--to", "junit", "--course", ROOT)
    assert done.returncode == 3
    assert f"{path} is no report that can be read" in done.stderr


def test_wrong_use_exits_2(results: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = autograder("export", tmp_path / "empty", "--to", "csv", "--course", ROOT)
    assert done.returncode == 2
    assert "holds no reports" in " ".join(done.stderr.split())


@pytest.mark.parametrize("target", ["csv", "html", "gradescope"])
def test_what_cannot_be_written_is_named(results: Path, tmp_path: Path, target: str) -> None:
    """In one line of the pipe, however long the path is."""
    (tmp_path / "a file").write_text("", "utf-8")
    output = tmp_path / "a file" / ("below" * 30)
    done = autograder("export", results, "--to", target, "--course", ROOT, "--output", output)
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert line.startswith(str(output)) and "cannot be written" in line
