"""A class's whole way, from the roster to feedback, as docs/three-hundred.md has it, to the letter.

What is exported is read again by readers that follow the platforms' published rules.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import ROOT, autograder

from autograder.core import course as courses
from autograder.core.course import ON_CPU

PAGE = ROOT / "docs" / "three-hundred.md"
RIGHT = (ROOT / "solutions" / "rnn.py").read_text("utf-8")
WRONG = RIGHT.replace("states.append(h)", "states.append(-h)")
NAMES = ["Roe, Jane", "王小明", "Иванова, Ольга", "العلي, مريم"]  # sortable, as Canvas has them
KINDS = ["wrong", "late", "extended", "missing", "ambiguous", "right", "absent"]
MOST = courses.load(ROOT).unit("rnn").max_score(ON_CPU)


class Student(NamedTuple):
    """Of a made class: everything that a platform knows, and what they do."""

    number: int
    name: str
    kind: str

    @property
    def login(self) -> str:
        return f"login{self.number}"

    @property
    def user(self) -> int:
        return 12000 + self.number

    @property
    def files(self) -> dict[str, str]:
        text = WRONG if self.kind == "wrong" else RIGHT
        if self.kind == "ambiguous":
            return {"rnn_a.py": RIGHT, "rnn_b.py": WRONG}
        return {} if self.kind in ("missing", "absent") else {"rnn.py": text + f"# {self.user}\n"}


def made(count: int) -> list[Student]:
    return [Student(n, f"{NAMES[n % 4]} {n}", KINDS[(n - 1) % 7]) for n in range(1, count + 1)]


def gradebook(students: list[Student]) -> str:
    """github.com/instructure/canvas-lms, lib/gradebook_exporter.rb."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Week 1 (77)"])
    rows.writerow(["    Points Possible", "", "", "", "", "13.00"])
    for s in students:
        rows.writerow([s.name, s.user, f"S{s.user}", s.login, f"Lab {s.number % 3}", ""])
    rows.writerow(["Student, Test", "11999", "", "5a1f", "Lab 0", ""])
    return text.getvalue()


def canvas_zip(students: list[Student]) -> bytes:
    """The same, lib/content_zipper.rb; somebody who is in no roster has handed in, too."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for s in students:
            short = re.sub(r"[ ,.]", "", s.name).lower()
            late = "LATE_" if s.kind in ("late", "extended") else ""
            for n, (name, content) in enumerate(s.files.items()):
                archive.writestr(f"{short}_{late}{s.user}_{s.user * 10 + n}_{name}", content)
        archive.writestr("guest_99999_888888_rnn.py", RIGHT)
    return data.getvalue()


def course_in(folder: Path) -> Path:
    """What of a clone these commands read: nobody's course but the test's own changes."""
    for part in ("course", "solutions", "exercises"):
        skipped = shutil.ignore_patterns("sample_class", ".secret", "__pycache__")
        shutil.copytree(ROOT / part, folder / part, ignore=skipped)
    for name in ("pyproject.toml", "constraints.txt", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def steps(page: Path) -> Iterator[tuple[str, str, str]]:
    """The blocks of a page: its language, the file that it is for, and the text."""
    text = page.read_text("utf-8")
    yield from re.findall(r"^```(\w+) ?(\S*)\n(.*?)^```", text, re.M | re.S)


def follow(page: Path, folder: Path) -> dict[str, subprocess.CompletedProcess[str]]:
    """Do what a page says, in a folder; what each command came to."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    came = {}
    for kind, file, block in steps(page):
        if kind != "sh":
            place = folder / file
            before = place.read_text("utf-8") if kind == "toml" else ""
            place.write_text(f"{before}\n{block}" if before else block, "utf-8")
            continue
        for line in block.splitlines():
            done = subprocess.run(
                shlex.split(line), cwd=folder, capture_output=True, text=True, check=False,
                env=os.environ | {"PATH": path},
            )  # fmt: skip
            unread = line.startswith("autograder grade") and "Not read" in done.stderr
            assert done.returncode == (3 if unread else 0), (line, done.stdout, done.stderr)
            came[line] = done
    return came


def imported(data: bytes, students: list[Student]) -> dict[str, dict[str, str]]:
    """What Canvas makes of marks, by login: lib/gradebook_importer.rb. Nobody new may appear."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    head = rows[0]
    assert "Student" in head[0] and "ID" in head[1]
    assert head[2:5] == ["SIS User ID", "SIS Login ID", "Section"]
    by_id = {str(s.user): s for s in students}
    by_sis = {f"S{s.user}": s for s in students}
    found = {}
    for row in rows[1:]:
        if "Points Possible" in row[0]:
            continue
        whom = by_id.get(row[1]) or by_sis[row[2]]
        found[whom.login] = dict(zip(head[5:], row[5:], strict=True))
    return found


@pytest.mark.parametrize("count", [7, 300])
def test_the_first_day(count: int, tmp_path: Path) -> None:
    students = made(count)
    folder = course_in(tmp_path)
    (folder / "Downloads").mkdir()
    (folder / "Downloads" / "Grades-NLP.csv").write_text(gradebook(students), "utf-8")
    (folder / "Downloads" / "submissions.zip").write_bytes(canvas_zip(students))
    came = follow(PAGE, folder)
    graded = came["autograder grade submissions --assignment week1"].stdout
    assert "In no line of the roster, and listed apart: guest_99999." in graded
    replayed = came["autograder replay login1 rnn test_rnn_values"].stdout
    assert "rnn: test_rnn_values (rnn, correctness): failed" in replayed
    assert "`rnn` begins in rnn.py, line" in replayed and "float64" in replayed
    asked = autograder("replay", "login1", "rnn", "test_rnn_value", cwd=folder)
    assert asked.returncode == 2 and "has no test 'test_rnn_value'. There are: " in asked.stderr
    alone = came["autograder grade submissions --assignment week1 --student login1"]
    assert {path.stem for path in (folder / "results").glob("*/*.json")} == {"rnn"}
    assert "guest" not in alone.stdout.split("Marks")[1].split("Reports")[0]
    marks = imported((folder / "results" / "canvas.csv").read_bytes(), students)
    assert marks.keys() == {s.login for s in students}
    waived = float(marks["login1"]["Week 1"])
    for s in students:
        mark = marks[s.login]["Week 1"]
        match s.kind:
            case "wrong":
                assert 0 < float(mark) < MOST and float(mark) == waived
            case "late":
                assert float(mark) == (2 if s.number == 2 else pytest.approx(MOST * 0.9))
            case "extended":
                assert float(mark) == (MOST if s.number == 3 else pytest.approx(MOST * 0.9))
            case "right":
                assert float(mark) == MOST
            case _:
                assert mark == ("EX" if s.number == 4 else "")
    pages = {
        p.parent.name: p.read_text("utf-8") for p in folder.glob("results/feedback/students/*/*")
    }
    assert len(pages) == count + 1
    with zipfile.ZipFile(folder / "results" / "feedback" / "canvas.zip") as archive:
        numbers = [re.findall(r"(?<=_)\d+(?=_)", name)[:2] for name in archive.namelist()]
    handed_in = {str(s.user) for s in students if s.files}
    assert {user for user, _ in numbers} == handed_in | {"99999"}
    assert all(attachment[:5] == user for user, attachment in numbers if user != "99999")
    released = {p.name for p in (folder / "students" / "course").iterdir()}
    assert not released & {"roster.csv", "extensions.csv", "adjustments.csv"}


def worksheet(rows: list[tuple[int, str, str]]) -> str:
    """Moodle, mod/assign/gradingtable.php."""
    head = (
        "Identifier,Full name,Email address,Status,Group,Grade,Maximum grade,Last modified (grade)"
    )
    lines = [f"Participant {n},{name},s{n}@uni.example,-,{team},,13.00,-" for n, name, team in rows]
    return "\n".join([head, *lines]) + "\n"


def test_a_team_on_moodle_with_an_earlier_attempt(tmp_path: Path) -> None:
    """Graded once, credited to each; the first attempt was better, and counts."""
    folder = course_in(tmp_path)
    people = [(4711, "Jane Roe", "Team A"), (4712, "王小明", "Team A"), (4713, "Ольга", "")]
    (folder / "course" / "roster.csv").write_text(worksheet(people), "utf-8")
    with (folder / "course" / "course.toml").open("a", encoding="utf-8") as manifest:
        manifest.write('\n[assignments.week1]\nunits = ["rnn"]\nattempts = "best"\n')
    for text in (RIGHT, WRONG):
        download = folder / "download"
        shutil.rmtree(download, ignore_errors=True)
        for name in ("Team A_77", "Ольга_4713"):
            (download / f"{name}_assignsubmission_file").mkdir(parents=True)
            (download / f"{name}_assignsubmission_file" / "rnn.py").write_text(text, "utf-8")
        assert autograder("collect", "download", cwd=folder).returncode == 0
    done = autograder(
        "grade", "submissions", "--assignment", "week1", "--no-speed", "--attempts", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    for target in ("moodle", "feedback"):
        done = autograder("export", "results", "--to", target, "--assignment", "week1", cwd=folder)
        assert done.returncode == 0, done.stderr
    text = (folder / "results" / "moodle_worksheet.csv").read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    needed = {"Identifier", "Grade", "Last modified (grade)"}  # importgradeslib.php
    assert needed <= rows[0].keys()
    grades = {row["Identifier"].removeprefix("Participant "): row["Grade"] for row in rows}
    assert grades == {"4711": "14", "4712": "14", "4713": "14"}
    with zipfile.ZipFile(folder / "results" / "feedback" / "moodle.zip") as archive:
        parts = [name.split("_", 4) for name in archive.namelist()]  # importziplib.php
        texts = [archive.read(name).decode() for name in archive.namelist()]
    assert sorted(part[1] for part in parts) == ["4711", "4712", "4713"]
    assert all(part[2] == "assignsubmission" and part[3].startswith("file/") for part in parts)
    assert all("Of several attempts the best counts" in text for text in texts)
