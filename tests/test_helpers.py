"""What helps at a student's desk: hints, a fresh start, the next step, names mistyped."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import ROOT, autograder
from rich.console import Console
from test_check import checked, folder, solution  # noqa: F401
from typer.testing import CliRunner

from autograder.core import course as courses
from autograder.core.course import Course
from autograder.core.errors import CourseError
from autograder.core.language import render
from autograder.local import recorded
from autograder.local.check import check_folder
from autograder.local.commands import _named, app
from autograder.local.hints import hint
from autograder.local.live import check as check_live
from autograder.local.looks import left, look
from autograder.local.reset import STUB, reset

BEGINS = "Running the public tests: "


@pytest.fixture
def clone(folder: Path) -> Course:  # noqa: F811
    return courses.load(folder)


def test_hints_go_on_and_never_hold_a_solution(clone: Course) -> None:
    """One more at each call, in both languages, and then from the first again."""
    said = [hint(clone, "softmax", "en") for _ in range(40)]
    firsts = [one[-1] for one in said]
    again = next(i for i, one in enumerate(said) if len(one) > 1)
    assert 5 < again < 40
    assert len(set(firsts[:again])) == again
    assert firsts[again] == firsts[0]
    assert "Begin with the docstring of `softmax` in exercises/attention.py" in firsts[0]
    hints = "".join(firsts)
    body = (ROOT / "solutions" / "attention.py").read_text().partition("def softmax")[2]
    lines = body.partition("### BEGIN SOLUTION")[2].partition("### END")[0].splitlines()
    assert lines and not [line for line in lines if line.strip() and line.strip() in hints]
    chinese = hint(clone, "rnn_step", "zh")[0]
    assert "的文档字符串" in render(chinese.facts, "zh")


def test_a_hint_after_which_none_comes(clone: Course) -> None:
    """For tests of one's own: it does not speak of another, and comes again."""
    first, again = (hint(clone, "tests_of_softmax", "en") for _ in range(2))
    assert first == again and len(first) == 1
    assert first[0].startswith("Hint 1 of 1 for `tests_of_softmax`. Begin with the docstring of ")
    assert "`test_softmax` in exercises/own_tests.py" in first[0] and first[0].endswith(
        "the edges."
    )
    assert render(first[0].facts, "zh").endswith("以及边界情况。")


def test_a_hint_for_what_is_no_exercise(clone: Course) -> None:
    with pytest.raises(CourseError, match=r"no exercise 'sofmax'\. Did you mean 'softmax'"):
        hint(clone, "sofmax", "en")
    (clone.root / ".autograder").mkdir()
    for data in (b"[", b'{"softmax\xff": 1}'):
        (clone.root / ".autograder" / "hints.json").write_bytes(data)
        assert hint(clone, "softmax", "en")[0].startswith("Hint 1 of ")
    recorded.load.cache_clear()
    (clone.root / recorded.FILE).write_text("<<<<<<< HEAD\n")
    with pytest.raises(
        CourseError, match=r"known_mistakes\.json cannot be read: JSON is malformed"
    ):
        hint(clone, "softmax", "en")


def test_every_exercise_has_hints(clone: Course) -> None:
    names = [exercise.name for unit in clone.units for exercise in unit.exercises]
    assert [
        name for name in names if len(hint(clone, name, "en")) + len(hint(clone, name, "zh")) < 2
    ] == []


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_reset_makes_the_starter_again(clone: Course, newline: str) -> None:
    """The file as it was is kept; other functions and comments stay as they are."""
    path = clone.root / "exercises" / "rnn.py"
    starter = path.read_text("utf-8")
    work = solution().replace("\n", newline).encode()
    path.write_bytes(work)
    path.chmod(0o600)
    told = reset(clone, "rnn")
    assert path.stat().st_mode & 0o077 == 0, "nobody else may read it, as before"
    text = path.read_bytes().decode()
    assert text.count(STUB) == 1
    assert text.partition("def rnn(")[2] == starter.replace("\n", newline).partition("def rnn(")[2]
    assert text.partition("def rnn(")[0] == work.decode().partition("def rnn(")[0]
    backup = clone.root / told.facts["backup"]
    assert backup.read_bytes() == work
    reset(clone, "rnn_step")
    assert len(list(backup.parent.iterdir())) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def rnn(x: return 1", "line 1"),
        ("x = 1\n", "defines no function 'rnn'"),
        ("def rnn(x):\n    '\udcff'\n", "cannot be read"),
        (None, "There is no rnn.py"),
    ],
)
def test_reset_refuses_what_it_cannot_read(clone: Course, text: str | None, told: str) -> None:
    path = clone.root / "exercises" / "rnn.py"
    path.unlink() if text is None else path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CourseError, match=told):
        reset(clone, "rnn")
    assert not (clone.root / ".autograder").exists()
    assert text is None or path.read_bytes() == text.encode("utf-8", "surrogateescape")


def test_reset_of_a_function_in_one_line(clone: Course) -> None:
    path = clone.root / "exercises" / "rnn.py"
    path.write_text("def rnn(é='é', *_): return 1  # so\ny = 2\n", "utf-8")
    reset(clone, "rnn")
    assert path.read_text("utf-8") == f"def rnn(é='é', *_):\n    {STUB}\ny = 2\n"


@pytest.mark.parametrize(
    "word",
    ["attention", "exercises/attention.py", "test_attention.py", "softmax", "attention.ipynb"],
)
def test_a_unit_is_known_by_its_file_or_exercise(clone: Course, word: str) -> None:
    assert _named(clone, word).name == "attention"


def test_a_mistyped_name_is_suggested(clone: Course) -> None:
    with pytest.raises(CourseError, match="Did you mean 'attention'"):
        _named(clone, "atention.py")


def test_progress_and_the_next_step(folder: Path) -> None:  # noqa: F811
    _, said = checked(folder, None)
    assert "Over the course, 0 of 44 functions are written." in said
    assert "Next:" not in said
    only_one = solution().partition("\n\ndef rnn(")[0]
    (folder / "exercises" / "rnn.py").write_text(only_one, "utf-8")
    (found,) = look(courses.load(folder), [courses.load(folder).unit("rnn")])
    assert left(found) == ["rnn"]  # what is missing is not written
    (folder / "exercises" / "rnn.py").write_text(solution(), "utf-8")
    course, output = courses.load(folder), io.StringIO()
    sys.modules.pop("rnn")
    check_folder(course, [course.unit("rnn")], Console(file=output, width=80), "zh")
    assert "整个课程的 44 个函数，已写 2 个。" in output.getvalue()
    assert "里的 \n`step_jacobian`（一步的雅可比矩阵）。" in output.getvalue()


def test_the_commands_print_hints_and_resets(clone: Course) -> None:
    options = ["--course", str(clone.root), "--lang", "en"]
    assert "Hint 1 of " in CliRunner().invoke(app, ["hint", "rnn", *options]).output
    assert "is to be written anew" in CliRunner().invoke(app, ["reset", "rnn", *options]).output
    done = autograder("hint", "rnnn", *options)
    assert done.returncode == 2
    assert "Did you mean 'rnn'" in done.stderr


LIVE = """
def softmax(scores, dim=-1):
    e = scores.exp()
    return e / e.sum(dim, keepdim=True)
"""


def test_a_live_function_is_checked_without_any_file(
    clone: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a notebook has it: its cell is its file, and other functions are those of the notebook."""
    names: dict[str, object] = {}
    exec(compile(LIVE, "/tmp/ipykernel_7/1.py", "exec"), names)
    threads = torch.get_num_threads()
    assert not check_live(names["softmax"], clone.root, "en")  # type: ignore[arg-type]
    said = capsys.readouterr().out
    assert " ".join(said.splitlines()[1].split()) == "no attention softmax 4 of 5 7"
    assert "scaled" not in said and "rnn" not in said
    assert "1.py:2  def softmax" in said
    assert "Large scores overflow and very small ones vanish" in said
    assert torch.get_num_threads() == threads


def test_the_first_line_is_there_before_torch(clone: Course) -> None:
    """Catches: silence for as long as torch takes."""
    code = (
        "import sys\n"
        "from autograder.local import commands\n"
        "def run(*_, **__):\n"
        "    print('torch' in sys.modules)\n"
        "    return 0\n"
        "commands._in_own_process = run\n"
        "commands.app(['check', 'rnn', '--lang', 'en'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=clone.root, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [f"{BEGINS}rnn", "False"], done.stderr


def test_in_a_real_kernel(clone: Course) -> None:
    """`lesson.check` and `lesson.hint`, as a notebook beside the exercises calls them."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    shutil.copy(ROOT / "course" / "shared" / "lesson.py", clone.root / "exercises")
    cells = ["import lesson", LIVE, "lesson.check(softmax)", "lesson.hint(softmax)"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(
        book, timeout=300, resources={"metadata": {"path": str(clone.root / "exercises")}}
    ).execute()
    told = ["".join(out.get("text", "") for out in cell.outputs) for cell in book.cells]
    said = [re.sub(r"\x1b\[\d*m", "", one) for one in told]  # colours
    assert re.search(r"no +attention +softmax +4 of 5 +7", said[2])
    assert "Large scores overflow and very small ones vanish" in said[2]
    assert re.search(r"py:\d+  def softmax", said[2])
    assert "Run this test again" not in said[2]
    assert said[3].startswith("Hint 1 of ")
