"""Names, links and contents in the submissions folder, which the trusted side reads itself."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
import subprocess
import unicodedata
from pathlib import Path

import pytest
from machine import unless_it_hangs

from autograder.batch.run import Batch
from autograder.batch.workers import Graders
from autograder.core import course as courses
from autograder.core import text
from autograder.core.processes import autograder
from autograder.grading.protocol import Options
from autograder.intake import reading, stops
from autograder.intake.content import content
from autograder.intake.helpers import MOST_HELPERS
from autograder.intake.pieces import Allowance
from autograder.intake.submission import File, Submission
from autograder.intake.tree import look_through
from autograder.intake.unreadable import Unreadable
from autograder.reports import schema, store
from autograder.reports.table import summary_csv

ROOT = Path(__file__).parents[2]
COURSE = courses.load(ROOT)
SOLUTION = ROOT / "solutions" / "rnn.py"
SECRET = "what = 'only the grader may read'\n"


@pytest.fixture
def secret(tmp_path):
    """A file outside the submissions."""
    path = tmp_path / "secret.py"
    path.write_text(SECRET, encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path):
    """The submissions' folder, with one student in it."""
    folder = tmp_path / "class"
    (folder / "eve").mkdir(parents=True)
    return folder


def read(folder: Path) -> Submission:
    """Read what eve handed in; it must end, and follow nothing."""
    with unless_it_hangs():
        found = reading.read(folder, "eve", COURSE)
    assert SECRET not in repr(found)
    return found


def problem(folder: Path) -> str:
    """Why the unit's file cannot be read."""
    file = read(folder).file("rnn")
    return file.problem if file else ""


def test_a_linked_file(folder, secret):
    (folder / "eve" / "rnn.py").symlink_to(secret)
    assert "is a link" in problem(folder)


@pytest.mark.parametrize("target", ["/proc/self/environ", "/dev/zero", "/proc/self/fd/0", "rnn.py"])
def test_a_link_to_what_never_ends_or_is_not_there(folder, target):
    (folder / "eve" / "rnn.py").symlink_to(target)
    assert "is a link" in problem(folder)


def test_a_linked_helper(folder, secret):
    (folder / "eve" / "helper.py").symlink_to(secret)
    (folder / "eve" / "rnn.py").write_text("import helper\n")
    assert "rnn.py imports `helper`. helper.py is a link" in problem(folder)


def test_a_linked_folder_of_a_unit(folder, secret):
    shutil.copy(secret, folder / "rnn.py")
    (folder / "eve" / "rnn").symlink_to(folder)
    assert "rnn is a link" in problem(folder)


def test_a_linked_student(folder, tmp_path):
    shutil.copytree(folder / "eve", tmp_path / "elsewhere")
    (folder / "mallory").symlink_to(tmp_path / "elsewhere")
    assert reading.find_students(folder, COURSE) == ["eve"]


def test_a_folder_that_becomes_a_link_once_it_was_looked_into(folder, secret):
    """By somebody who may still write there: what it leads to would be read as theirs."""
    (folder / "eve" / "work").mkdir()
    (folder / "eve" / "work" / "secret.py").write_text("mine = 1\n")
    found = look_through(folder / "eve")
    (folder / "eve" / "work").rename(folder / "eve" / "moved")
    (folder / "eve" / "work").symlink_to(secret.parent)
    with pytest.raises(Unreadable) as refused:
        found.entries[0].read(1 << 20)
    assert "is a link" in str(refused.value.of("secret.py"))


def test_a_pipe(folder):
    os.mkfifo(folder / "eve" / "rnn.py")
    assert "not a regular file" in problem(folder)


def test_a_socket(folder, monkeypatch):
    import socket

    monkeypatch.chdir(folder / "eve")
    with socket.socket(socket.AF_UNIX) as end:
        end.bind("rnn.py")
    assert "not a regular file" in problem(folder)


def test_a_device_is_not_even_opened(folder, monkeypatch):
    try:
        os.mknod(folder / "eve" / "rnn.py", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("only root makes devices")
    monkeypatch.setattr("os.open", lambda *_, **__: pytest.fail("opened"))
    assert "not a regular file" in problem(folder)


def test_a_folder_with_a_file_s_name(folder):
    (folder / "eve" / "rnn.py").mkdir()
    assert "not a regular file" in problem(folder)


def test_a_file_of_two_gibibytes_that_are_holes(folder):
    with (folder / "eve" / "rnn.py").open("wb") as file:
        file.truncate(2 << 30)
    assert "too large" in problem(folder)


def test_a_hard_link_is_a_copy(folder, secret):
    """The kernel lets nobody link what they may not read and write (fs.protected_hardlinks)."""
    (folder / "eve" / "rnn.py").hardlink_to(SOLUTION if os.getuid() == 0 else secret)
    found = reading.read(folder, "eve", COURSE).file("rnn")
    assert found and not found.problem


def test_a_file_that_may_not_be_read(folder):
    if os.getuid() == 0:
        pytest.skip("root reads everything")
    (folder / "eve" / "rnn.py").write_text("x = 1")
    (folder / "eve" / "rnn.py").chmod(0)
    assert "cannot be read" in problem(folder)


def test_thousands_of_files(folder):
    for number in range(3000):
        (folder / "eve" / f"helper_{number}.py").touch()
    names = ", ".join(f"helper_{number}" for number in range(3000))
    (folder / "eve" / "rnn.py").write_text(f"import {names}\n")
    assert len(read(folder).files) == 1 + MOST_HELPERS


def digits(folder: Path) -> None:
    for number in range(40):
        (folder / f"{number:04}x{'1' * 250}").touch()


def signs(folder: Path) -> None:
    for number in range(100):
        (folder / f"{number:04}x{'_' * 249}y").touch()


def helpers_of_each_other(folder: Path) -> None:
    names = [f"m{number}" for number in range(60)]
    for name in [*names, "rnn"]:
        line = f"import {', '.join(names)}  # {name}\n"
        (folder / f"{name}.py").write_text(line * 200)


def quotes_and_braces(folder: Path) -> None:
    line = ("f'" * 200 + "{" * 8 + '"' * 80)[:499] + "\n"
    (folder / "rnn.py").write_text("x = (\n" + line * 2000)


def holes(folder: Path) -> None:
    """Each might be a zip, as none has a suffix: they were read whole to see how they begin."""
    for number in range(100):
        with (folder / f"f{number}").open("wb") as file:
            file.truncate(50 << 20)


def accents(folder: Path) -> None:
    """To tell whether it is a starter took 11 CPU-seconds, all of them in the grading process."""
    name = "a" + "\u0f73\u0300\u0316" * 20_000
    (folder / "rnn.py").write_text(f"def rnn_step(x):\n    x = {name}\n")


FILLS = [holes, digits, signs, helpers_of_each_other, quotes_and_braces, accents]


@pytest.mark.parametrize("fill", FILLS)
def test_what_takes_long_to_read(folder, fill):
    """A thousand such names took more than 100 seconds, and so did sixty such helpers of a MiB."""
    fill(folder / "eve")
    with unless_it_hangs(3):
        reading.read(folder, "eve", COURSE)


@pytest.mark.parametrize("part", [".a", ".a\u00b7", ".\\\na"])
def test_a_module_s_name_of_thousands_of_parts(part):
    """To parse 64 KiB of it took a gibibyte of the grading process."""
    text = f"def rnn_step(x):\n    import a{part * (60_000 // len(part))}\n"
    with unless_it_hangs(3), pytest.raises(ValueError, match="hundreds of parts"):
        stops.parsable(text)
    assert content([text]).written(["rnn_step"])


def test_programs_that_fill_the_memory():
    """Of all that a student has, so many letters are kept, and who has more is told."""
    allowance = Allowance(letters=10)
    first = File("", "a.py", ["x = 1234"])
    assert allowance.keep(first) is first
    second = allowance.keep(File("", "b.ipynb", ["1"], True, unrun=[("", "y")]))
    third = allowance.keep(File("", "c.py", ["z"]))
    assert not second.problem
    assert "c.py was not read" in third.problem
    assert not third.cells


@pytest.mark.parametrize(
    "codec",
    "punycode idna undefined utf-7 unicode_escape raw_unicode_escape rot13 hex zlib bz2 base64 "
    "mbcs oem utf-16 no_such_codec ..os".split(),
)
def test_encodings_that_compute(folder, codec):
    """A file names its own encoding; punycode would take minutes here, and `undefined` raise."""
    text = f"# coding: {codec}\n".encode() + b"a" * 500_000 + b"-" + b"b" * 400_000
    (folder / "eve" / "rnn.py").write_bytes(text)
    assert "UTF-8" in problem(folder)


@pytest.mark.parametrize(
    "codec", ["utf-8", "latin-1", "gbk", "gb18030", "big5", "shift_jis", "cp1252"]
)
def test_encodings_that_people_use(folder, codec):
    (folder / "eve" / "rnn.py").write_bytes(f"# coding: {codec}\nx = 1\n".encode(codec))
    assert not problem(folder)


NOTEBOOKS = {
    "deep": b'{"cells": ' + b"[" * 500_000,
    "deep elsewhere": b'{"metadata": '
    + b'{"a":' * 500_000
    + b"1"
    + b"}" * 500_000
    + b', "cells": []}',
    "wide": b'{"cells": [' + b'{"cell_type":"code"},' * 500_000 + b'{"cell_type":"code"}]}',
    "many lines": b'{"cells": [{"cell_type":"code","source":[' + b'"",' * 3_000_000 + b'""]}]}',
    "wrong types": b'{"cells": [{"cell_type": 1, "source": {"a": []}}]}',
    "not an object": b"[]",
    "empty": b"",
    "half a character": b'{"cells": [{"cell_type": "code", "source": "\\ud800"}]}',
    "long number": b'{"cells": ' + b"9" * 5_000_000 + b"}",
    "not UTF-8": b'{"cells": [{"cell_type": "code", "source": "\xff"}]}',
}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_that_are_bombs(folder, name):
    (folder / "eve" / "rnn.ipynb").write_bytes(NOTEBOOKS[name])
    file = read(folder).file("rnn")
    assert file
    "".join(file.cells).encode()


SOURCES = {
    "parentheses": "(" * 400_000,
    "minus signs": "x = " + "-" * 900_000 + "1",
    "indentation": "".join("\t" * n + "if 1:\n" for n in range(1000)),
    "one list": "x = [" + "0," * 500_000 + "]",
    "chained calls": "x = a" + ".b()" * 200_000,
    "null": "x = 1\0",
    "power": "x = 9 ** 9 ** 9 ** 9",
    "product": "x = 'a' * 4096 * 4096 * 4096",
}


@pytest.mark.parametrize("name", SOURCES)
def test_sources_that_are_bombs(arena, name):
    """They are compiled in the sandbox; whatever comes of it is this student's own failure."""
    student = name.replace(" ", "-")
    (arena.submissions / student).mkdir()
    (arena.submissions / student / "rnn.py").write_text(SOURCES[name], encoding="utf-8")
    report = arena.grade(student)
    assert (report.status, report.score) == ("graded", 0)
    assert len(arena.words(report)) < 100_000


NAMES = [
    b"new\nline",
    b"-rf",
    b"~root",
    b"=1+1",
    b"@SUM(1)",
    b"summary.csv",
    b"index.html",
    b"SUMMARY.CSV",
    b"[red]x[",
    b"[bold",
    b"<script>alert(1)<",
    b"$(id) `id`; id | id",
    b"%2e%2e",
    b"caf\xe9",
    b"caf\xc3\xa9",
    b"cafe\xcc\x81",
    b"caf\xef\xbf\xbd",
    b"\x1b[2Jx",
    b"a\x01",
    b"a\x02",
    "\u202eevil".encode(),
    b"n" * 250,
    b"n" * 249 + b"m",
    "\u8d75".encode() * 80,
    b"torch",
    b"con",
    b"trailing ",
    b"trailing.",
    b"'; drop table",
]


@pytest.mark.parametrize("handed_in", [True, False])
def test_names_of_students(tmp_path, handed_in):
    """Each gets a report of their own inside the results, and a row of their own."""
    folder, results = tmp_path / "class", tmp_path / "results"
    folder.mkdir(), results.mkdir()
    for name in NAMES:
        student = folder / os.fsdecode(name)
        student.mkdir()
        if handed_in:
            (student / os.fsdecode(b"extra\xff\n\x1b.py")).write_text("x = 1")
    students = reading.find_students(folder, COURSE)
    assert len(students) == len(NAMES)
    paths = {store.path_for(results, student, "rnn").resolve() for student in students}
    assert len({str(path).casefold() for path in paths}) >= len(NAMES) - 1  # summary.csv twice
    assert all(path.parent.parent == results for path in paths)
    assert not {path.parent.name for path in paths} & {"summary.csv", "index.html", ".", ".."}
    assert all(len(path.parent.name.encode()) <= 255 for path in paths)
    shown = [text.printable(student) for student in students]
    assert len(set(shown)) == len(NAMES)
    for name in shown:
        name.encode()
        assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name)
    for student in students:
        reading.read(folder, student, COURSE)


def test_a_long_name_cannot_be_forged():
    """The short form of a long name is no other name's own form."""
    long = "n" * 250
    short = store.safe_name(long)
    assert store.safe_name(short) != short


def test_a_class_of_such_names_is_graded(tmp_path, capsys):
    """The whole way, through the batch, the summary and the table on the terminal."""
    from rich.console import Console

    from autograder.reports.table import print_class

    folder, results = tmp_path / "class", tmp_path / "results"
    folder.mkdir()
    chance = random.Random(1)
    for name in chance.sample(NAMES, 12):
        (folder / os.fsdecode(name)).mkdir()
        shutil.copy(SOLUTION, folder / os.fsdecode(name))
    batch = Batch(COURSE, folder, results, [COURSE.unit("rnn")], Options(speed=False))
    marks: dict[str, dict[str, schema.Report]] = {}
    with Graders(COURSE, batch.options, batch.masks, jobs=1) as graders:
        batch.run(graders, lambda event: marks.update({event.report.student: {"rnn": event[1]}}))
    assert all(report["rnn"].score == report["rnn"].max_score for report in marks.values())
    assert len(marks) == 12
    table = summary_csv(marks, batch.units).decode("utf-8-sig")
    assert len(table.splitlines()) == 13
    assert not any(line.lstrip('"').startswith(("=", "+", "-", "@")) for line in table.splitlines())
    print_class(Console(width=200, force_terminal=True), marks, batch.units)
    assert "\x1b[2J" not in capsys.readouterr().out
    for report in results.rglob("*.json"):
        json.loads(report.read_bytes())


TRAP = "open({path!r}, 'w').close()\nraise SystemExit('trapped')\n"


@pytest.mark.parametrize("isolation", ["full", "reduced", "best"])
def test_grading_from_inside_the_submissions(tmp_path, isolation):
    """The current folder is not a place to import from: a student may be called torch."""
    folder, results, sprung = (tmp_path / name for name in ("class", "results", "sprung"))
    sprung.mkdir()
    students = ["torch", "msgspec", "autograder", "encodings"]
    for student in students:
        (folder / student).mkdir(parents=True)
        trap = TRAP.format(path=str(sprung / student))
        for name in ("__init__.py", "__main__.py"):
            (folder / student / name).write_text(trap)
        shutil.copy(SOLUTION, folder / student)
    (folder / "json.py").write_text(TRAP.format(path=str(sprung / "json")))
    command = autograder("grade", ".", "--course", str(ROOT))
    command += ["--unit", "rnn", "--jobs", "1", "--no-speed"]
    command += ["--isolation", isolation, "--results", str(results)]
    said = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert not list(sprung.iterdir())
    assert said.returncode == 0, said.stderr
    for student in students:
        report = json.loads((results / student / "rnn.json").read_bytes())
        assert report["score"] == report["max_score"]
