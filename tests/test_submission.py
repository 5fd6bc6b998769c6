"""Finding and reading submissions: every layout, and every kind of bad input in words."""

from __future__ import annotations

import json
import os
import unicodedata
from pathlib import Path

import pytest

from autograder.core.course import Course
from autograder.core.errors import SubmissionsError
from autograder.intake.reading import find_students, read
from autograder.reports import store

CODE = "def rnn():\n    return '隐藏'\n"


def notebook(*cells: str) -> str:
    code = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "# 题"}, *code]})


def put(folder: Path, name: str, content: str | bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    "name", ["ann/rnn.py", "ann/rnn/rnn.py", "ann/rnn/my homework.py", "ann/rnn.ipynb"]
)
def test_layouts(tmp_path: Path, course: Course, name: str) -> None:
    put(tmp_path, name, notebook(CODE) if name.endswith("ipynb") else CODE)
    file = read(tmp_path, "ann", course).file("rnn")
    assert file is not None
    assert file.cells == [CODE]
    assert not file.problem


def test_helper_modules_come_along(tmp_path: Path, course: Course) -> None:
    put(tmp_path, "ann/rnn.py", "import tools\n")
    put(tmp_path, "ann/tools.py", CODE)
    assert {file.module for file in read(tmp_path, "ann", course).files} == {"rnn", "tools"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("rnn.py", b"caf\xe9 = 1\n", "is not text in UTF-8"),
        ("rnn.ipynb", b"not json", "is not a Jupyter notebook"),
        ("rnn.ipynb", b"[]", "is not a Jupyter notebook"),
        ("rnn.ipynb", b'{"cells": 3}', "is not a Jupyter notebook"),
        ("rnn.ipynb", b"[" * 100_000, "is not a Jupyter notebook"),
        ("rnn.py", b"#" * (2 << 20), "is too large"),
    ],
)
def test_bad_files_are_named_with_a_remedy(
    tmp_path: Path, course: Course, name: str, content: bytes, words: str
) -> None:
    put(tmp_path, f"ann/{name}", content)
    file = read(tmp_path, "ann", course).file("rnn")
    assert file is not None
    assert name in file.problem
    assert words in file.problem


def test_a_file_of_two_gigabytes_is_not_read(tmp_path: Path, course: Course) -> None:
    put(tmp_path, "ann/rnn.py", b"")
    os.truncate(tmp_path / "ann" / "rnn.py", 2 << 30)
    file = read(tmp_path, "ann", course).file("rnn")
    assert file is not None
    assert "2,048.0 MiB, at most 1 MiB" in file.problem


def test_links_and_pipes_are_refused(tmp_path: Path, course: Course) -> None:
    put(tmp_path, "secret.py", "answer = 42\n")
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "rnn.py").symlink_to(tmp_path / "secret.py")
    os.mkfifo(tmp_path / "ann" / "attention.py")
    submission = read(tmp_path, "ann", course)
    assert "is a link" in submission.file("rnn").problem  # type: ignore[union-attr]
    assert "not a regular file" in submission.file("attention").problem  # type: ignore[union-attr]


def test_linked_folders_are_no_students(tmp_path: Path, course: Course) -> None:
    put(tmp_path, "real/rnn.py", CODE)
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    assert find_students(tmp_path, course) == ["real"]


def test_an_empty_folder_says_what_was_expected(tmp_path: Path, course: Course) -> None:
    with pytest.raises(SubmissionsError, match=r"<student>/rnn\.py"):
        find_students(tmp_path, course)


def test_one_level_too_deep_is_recognised(tmp_path: Path, course: Course) -> None:
    put(tmp_path, "rnn.py", CODE)
    with pytest.raises(SubmissionsError, match="Name the folder above it"):
        find_students(tmp_path, course)


def test_any_change_of_the_work_changes_its_digest(tmp_path: Path, course: Course) -> None:
    put(tmp_path, "ann/rnn.py", CODE)
    put(tmp_path, "bob/rnn.py", CODE)
    first = read(tmp_path, "ann", course).digest
    assert read(tmp_path, "bob", course).digest != first, "another student, another digest"
    put(tmp_path, "ann/rnn.py", CODE + "#")
    assert read(tmp_path, "ann", course).digest != first


NAMES = [
    "ann", "李雷", "Ana María", "O'Brien", "a/b", "..", ".", "summary.csv", "Index.HTML", "-rf",
    "~root", " ann", "ann ", "ann.", "=1+1", "a\nb", "a\x1b[2Jb", "a%2Fb", "x" * 300, "学" * 200,
    os.fsdecode(b"\xff\xfe"), "CON:",
]  # fmt: skip


def test_safe_names_are_safe_and_never_shared() -> None:
    safe = [store.safe_name(name) for name in NAMES]
    assert len(set(safe)) == len(NAMES)
    for name in safe:
        assert name
        assert name.isprintable()
        assert "/" not in name
        assert not name.startswith((".", "-", "~", " "))
        assert len(name.encode()) <= 255
        assert store.alike(name) not in store.RESERVED
    assert store.safe_name("Ana María") == "Ana María"
    assert store.safe_name("李雷") == "李雷"


@pytest.mark.parametrize(
    "name",
    ["log.jsonl", "Log.JSONL", "ｌｏｇ．jsonl", "ſummary.csv", "GRADEBOOK.DB", "github", "GitHub",
     "gradebook.db-journal", "con", "Con", "NUL.txt", "com1", "ＡＵＸ", "lpt9 .x", "people.csv"],
)  # fmt: skip
def test_no_name_is_one_of_ours_or_a_systems(name: str) -> None:
    """In whatever case, width or form: the folder of reports is shared with what we write."""
    safe = store.alike(store.safe_name(name))
    assert safe.startswith("%")
    assert safe not in store.RESERVED


ALIKE = [
    ["ann", "Ann", "ANN", "ａｎｎ", "aｎn"],
    ["café", "cafe\u0301", "CAFÉ", "Cafe\u0301"],
    ["straße", "STRASSE", "strasse"],
    ["İ", "i\u0307", "ı", "I", "i"],
    ["ﬁn", "fin", "\u212a", "k", "K"],
    ["x" * 300, "X" * 300, "x" * 299 + "X"],
    ["%61nn", "%61%6E%6E", "con", "CON", "Log.jsonl", "log.jsonl"],
    ["e" + "\u0301" * 100, "é" + "\u0301" * 99],
]


def as_other_systems_have_it(name: str) -> set[str]:
    """A name as APFS, HFS+ and NTFS compare it; said otherwise than the program says it."""
    forms = {unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    folded = {form.casefold() for form in forms} | {form.upper() for form in forms}
    return folded | {form.lower().rstrip(". ") for form in forms}


@pytest.mark.parametrize("students", ALIKE)
def test_no_two_students_become_one_on_any_file_system(students: list[str], tmp_path: Path) -> None:
    found = store.folders(tmp_path, students)
    assert found[students[0]] == store.safe_name(students[0])
    seen: set[str] = set()
    for folder in found.values():
        assert len(folder.encode()) <= 255
        assert not seen & as_other_systems_have_it(folder)
        seen |= as_other_systems_have_it(folder)
        (tmp_path / folder).mkdir()
    again = store.folders(tmp_path, students)
    assert again == found, "what is there stays"
    late = store.folders(tmp_path, list(reversed(students)))
    assert late == found, "in whatever order"


def test_one_student_at_a_time_has_the_same_folder(tmp_path: Path) -> None:
    """As nbgrader grades them."""
    for student in ("Ann", "ann", "ANN", "Ann"):
        path = store.path_for(tmp_path, student, "rnn")
        path.parent.mkdir(exist_ok=True)
    assert {path.name for path in tmp_path.iterdir()} == {"Ann", "%61%6E%6E", "%41%4E%4E"}


def test_a_clone_of_the_students_repository_is_a_submission(course: Course, tmp_path: Path) -> None:
    """`<student>/exercises/<unit>.py`; a link of that name is not followed."""
    (tmp_path / "ann" / "exercises").mkdir(parents=True)
    (tmp_path / "ann" / "exercises" / "rnn.py").write_text("x = 1\n")
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "exercises").symlink_to(tmp_path / "ann" / "exercises")
    assert [file.name for file in read(tmp_path, "ann", course).files] == ["exercises/rnn.py"]
    assert read(tmp_path, "bob", course).files == []
    (tmp_path / "ann" / "cost.py").write_text("y = 1\n")
    found = [file.name for file in read(tmp_path, "ann", course).files]
    assert found == ["exercises/rnn.py", "cost.py"], "a file beside it hides none"
