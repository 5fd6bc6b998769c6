"""What a student sees of a local run: `check`, and plain pytest beside it."""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import Pipe
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest
import torch
from conftest import ROOT, autograder
from psutil import Process
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

from autograder.core import course as courses
from autograder.core.language import Language
from autograder.core.processes import PACKAGE, python
from autograder.local import known_mistakes, recorded, shown
from autograder.local.check import check_folder
from autograder.local.limit import Limit, TooLong
from autograder.local.own_process import OwnProcess
from autograder.local.recorded import RecordedMistakes
from autograder.local.tally import FailedTest, Tally, first_to_fix, show
from autograder.mistakes import publish

WIDTH = 80
OURS = {"site-packages", "importlib", "evaluate.py", "Traceback"}
OURS |= {path.name for path in (PACKAGE / "testing").glob("*.py")}
TRANSPOSED = "w_hh is transposed. The course's vectors are rows"
STEP = """import torch


def rnn_step(x, h, w_xh, w_hh, b):
    print("shapes", x.shape)
    return helper(x @ w_xh + h @ w_hh + b)


def helper(z):
    return torch.tanh(z) / z[17]
"""
WALK = "\n\ndef rnn(x, h, w_xh, w_hh, b):\n    raise NotImplementedError\n"

Run = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A student's folder; modules and paths of what ran in it are forgotten."""
    root = tmp_path / "作业 one"
    (root / "course").mkdir(parents=True)
    for name in ("course.toml", "known_mistakes.json"):
        shutil.copy(ROOT / "course" / name, root / "course")
    ignored = shutil.ignore_patterns("__pycache__", "hidden", "lesson.*")
    for name in ("exercises", "course/shared", "course/units"):
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    modules, path = set(sys.modules), list(sys.path)
    yield root
    for name in set(sys.modules) - modules:
        if str(root) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
    sys.path[:] = path


@pytest.fixture
def check(folder: Path) -> Run:
    """Check the unit `rnn` with a text as its file."""

    def run(text: str | None, language: Language = "en") -> str:
        if text is not None:
            (folder / "exercises" / "rnn.py").write_text(text, "utf-8")
        course = courses.load(folder)
        output = io.StringIO()
        console = Console(file=output, width=WIDTH, highlight=False)
        check_folder(course, [course.unit("rnn")], console, language)
        lines = output.getvalue().splitlines()
        assert all(cell_len(line) <= WIDTH for line in lines)
        assert not [line for line in lines if any(word in line for word in OURS)]
        return output.getvalue()

    return run


@pytest.fixture
def plain(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run plain pytest on the unit `rnn` with a text as its file, as at a student's desk."""
    for name in ("CI", "BUILD_NUMBER"):  # pytest then tells each failure's words again
        monkeypatch.delenv(name, raising=False)

    def run(text: str, *options: str, plugins: Sequence[object] = ()) -> str:
        (folder / "exercises" / "rnn.py").write_text(text, "utf-8")
        test = folder / "exercises" / "test_rnn.py"
        arguments = ["--lang=en", "--import-mode=importlib", "-p", "no:cacheprovider", *options]
        with contextlib.redirect_stdout(io.StringIO()) as output:
            pytest.main([*arguments, f"--rootdir={test.parent}", str(test)], plugins)
        return output.getvalue()

    return run


def checked(folder: Path, text: str | None, *units: str, limit: float = 10.0) -> tuple[int, str]:
    """The exit status of a check, and what it says; the text is the file of the first unit."""
    units = units or ("rnn",)
    if text is not None:
        (folder / "exercises" / f"{units[0]}.py").write_text(text, "utf-8")
    course, output = courses.load(folder), io.StringIO()
    console = Console(file=output, width=WIDTH, highlight=False)
    status = check_folder(course, course.named(units), console, "en", limit=limit)
    return status, output.getvalue()


def solution() -> str:
    return (ROOT / "solutions" / "rnn.py").read_text("utf-8")


def transposed() -> str:
    right = solution()
    wrong = right.replace("h @ w_hh + b)  #", "h @ w_hh.T + b)  #")
    assert wrong != right
    return wrong


def test_a_known_mistake_is_named(check: Run) -> None:
    said = check(transposed())
    assert "Fix first: rnn_step · rnn.py · test_rnn_step_by_hand" in said
    assert "the result[0, 1] is 0.905148254, expected -0.462117157" in said
    assert TRANSPOSED in said
    assert "no rnn rnn_step 0 of 4 7" in [" ".join(line.split()) for line in said.splitlines()]
    assert "The public tests pass for 0 of 15 points." in said


def test_a_failure_shows_the_call_and_its_numbers(check: Run) -> None:
    """The student's line, what went in, what came out, and how to run this test again."""
    said = check(transposed())
    assert re.search(r"rnn.py:\d+  def rnn_step\n", said)
    call = said.partition("The test called it with:\n")[2].splitlines()
    assert [line.split(None, 1) for line in call[:8]] == [
        ["x", "[[2]]"],
        ["h", "[[1, 0]]"],
        ["w_xh", "[[1, -1]]"],
        ["w_hh", "[[0, 1], [3, 0]]"],
        ["b", "[-1, 0.5]"],
        ["got", "[[0.7616, 0.9051]]"],
        ["expected", "[[0.7616, -0.4621]]"],
        ["difference", "[[0, 1.367]]"],
    ]
    again = said.replace("\n", "").partition("Run this test again:")[2]
    assert re.search(r"pytest '.*/exercises/test_rnn.py::test_rnn_step_by_hand'", again)


def test_large_arguments_show_their_shapes(check: Run) -> None:
    step = "def rnn_step(x, h, w, u, b):\n    return (x @ w + h @ u + b).tanh() + (len(x) > 1)\n"
    said = check(step + WALK, "zh")
    assert "  x  float64 (3, 5)\n" in said
    assert "得到" not in said
    assert "再运行这一个测试：" in said


@pytest.mark.parametrize(
    ("value", "lines"),
    [
        (torch.zeros(2, 3, 5), ["float32 (2, 3, 5)"]),
        (torch.zeros(0, 3), ["float32 (0, 3)"]),
        (np.array([True, False]), ["[True, False]"]),
        (torch.tensor(0.123456), ["0.1235"]),
        ([torch.zeros(7, 3), torch.ones(2)], ["[float32 (7, 3), [1, 1]]"]),
        (
            torch.full((2, 3), -1e4 / 3),
            ["[[-3333, -3333, -3333],", " [-3333, -3333, -3333]]"],
        ),
        (
            torch.full((4, 3), -1e-4 / 3),
            [
                "[[-3.333e-05, -3.333e-05, -3.333e-05],",
                " [-3.333e-05, -3.333e-05, -3.333e-05],",
                " [-3.333e-05, -3.333e-05, -3.333e-05],",
                " [-3.333e-05, -3.333e-05, -3.333e-05]]",
            ],
        ),
        (None, ["None"]),
        ([1] * 20, ["a tuple or list of 20"]),
        ("x" * 100, ["'" + "x" * 79]),
    ],
)
def test_values_are_written_as_by_hand(value: object, lines: list[str]) -> None:
    assert shown._lines(value, "en") == lines


def test_a_known_mistake_is_named_in_chinese(check: Run) -> None:
    said = check(transposed(), "zh")
    assert "先改这里： rnn_step · rnn.py · test_rnn_step_by_hand" in said
    assert "结果[0, 1] 是 0.905148254，应为 -0.462117157（允许误差 7.6e-09）" in said
    assert "w_hh 被转置了。本课程的向量都是行向量" in said
    assert "Fix" not in said
    assert "expected" not in said


def test_an_exception_shows_the_students_lines_and_what_was_printed(check: Run) -> None:
    said = check(STEP + WALK)
    assert "`rnn_step` raised IndexError: index 17 is out of bounds" in said
    assert "rnn.py:6  (rnn_step)\n    return helper(x @ w_xh + h @ w_hh + b)" in said
    assert "rnn.py:10  (helper)\n    return torch.tanh(z) / z[17]" in said
    assert "  shapes torch.Size([1, 1])" in said


def test_a_file_that_python_cannot_read(check: Run) -> None:
    said = check("def rnn_step(x h):\n    return x\n")
    assert "Python cannot read rnn.py, line 1: " in said
    assert "    def rnn_step(x h):\n" in said
    assert re.search(r"\n {4,}\^\n", said)


def test_an_import_of_what_is_missing(check: Run) -> None:
    said = check("import torch\nimport nothing_of_that_name\n")
    assert "rnn.py cannot be imported: ModuleNotFoundError" in said
    assert "rnn.py:2\n    import nothing_of_that_name" in said
    assert "Only PyTorch, NumPy, Python's own library" in said


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "`rnn_step` in rnn.py is not implemented yet."),
        ("x = 3\n", "rnn.py defines no function `rnn_step`. Was it renamed or deleted?"),
        ("def rnn_step(*_):\n    pass\n", "the result is None (is a `return` missing?), expected"),
        (
            f"def rnn_step(*_):\n    x()\n\n\ndef x():\n    raise NotImplementedError{WALK}",
            "calls `x`",
        ),
        ("def rnn_step(x, *_):\n    return x.sum()\n", "has shape (), expected (1, 2)."),
        (  # which torch calls a NotImplementedError, too
            "def rnn_step(x, *_):\n    return (x > 0) @ (x > 0).T\n",
            "`rnn_step` raised NotImplementedError: ",
        ),
    ],
)
def test_other_failures(text: str | None, told: str, check: Run) -> None:
    assert told in check(text)


def test_what_is_written_is_to_be_fixed_before_what_is_not(check: Run) -> None:
    unwritten = "def rnn_step(*_):\n    raise NotImplementedError\n"
    said = check(f"{unwritten}\n\ndef rnn(x, h, *_):\n    return h\n")
    assert "Fix first: rnn · rnn.py · test_rnn_by_hand" in said


def test_a_right_unit(check: Run) -> None:
    said = check(solution())
    assert "The public tests pass for 15 of 15 points." in said
    assert "Every one passes." in said
    assert "Fix first" not in said


ENDLESS = "\n\ndef rnn_step(*_):\n    while True:\n        pass\n"


@pytest.mark.parametrize("by_signal", [True, False], ids=["signal", "thread"])
def test_what_does_not_end_is_stopped_at_a_line(
    by_signal: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no second test of it runs. Catches: "every one passes" without a test that ran."""
    monkeypatch.setattr(Limit.__init__, "__defaults__", (lambda frame: None, by_signal))
    found, said = checked(folder, solution() + ENDLESS, limit=0.2)
    assert found == 1
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "not finished rnn rnn_step 0 of 4 7" in lines
    assert "ok rnn rnn 4 of 4 8" in lines or "not finished rnn rnn 0 of 4 8" in lines
    assert "`rnn_step` had not ended after 0.2 seconds of computing" in said
    assert re.search(r"rnn.py:\d+  \(rnn_step\)\n +(while True:|pass)\n", said)
    assert "3 of 8 tests did not run" in said or "6 of 8 tests did not run" in said
    assert "Every one passes" not in said


def test_a_program_that_is_slow_to_load_or_waits_for_ever_is_stopped_too(folder: Path) -> None:
    """At the top of a file; asleep. What it catches with a bare `except:` it is told again."""
    loop = "try:\n    while True:\n        pass\nexcept:\n    pass\nimport time\ntime.sleep(99)\n"
    _, said = checked(folder, loop + solution(), limit=0.1)
    assert re.search(r"rnn.py:7\n    time.sleep\(99\)\n", said)


def test_a_test_that_computes_under_a_debugger_is_not_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "debugpy", sys)
    with Limit(1e-6):
        assert sum(range(1000000))
    monkeypatch.delitem(sys.modules, "debugpy")
    with pytest.raises(TooLong), Limit(1e-6):
        for _number in range(10**9):
            pass


@pytest.mark.parametrize("command", ["check", "pytest"])
def test_ctrl_c_says_where_it_came(command: str, folder: Path) -> None:
    """And what did not run is not counted as if it had."""
    begun = folder / "begun"
    text = f"def rnn_step(*_):\n    open({str(begun)!r}, 'w')\n    while True:\n        pass\n"
    (folder / "exercises" / "rnn.py").write_text(text, "utf-8")
    arguments = ["check", "rnn"] if command == "check" else ["exercises/test_rnn.py"]
    process = subprocess.Popen(
        [Path(sys.executable).parent / command.replace("check", "autograder"), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONUTF8": "1"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    while not begun.exists() and process.poll() is None:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[0]
    assert process.returncode == (130 if command == "check" else 2)
    assert re.search(r"not finished +rnn +rnn_step +0 of 4", said)
    assert re.search(r"not run +rnn +rnn +0 of 4", said)
    assert "7 of 8 tests did not run" in said
    assert "`rnn_step` was interrupted here:\n  exercises/rnn.py:" in said
    assert "Every one passes" not in said


def test_ctrl_c_while_it_starts_shows_no_traceback(folder: Path) -> None:
    """The process that is to run the tests is a Python that imports for a while."""
    process = subprocess.Popen(
        [Path(sys.executable).parent / "autograder", "check", "rnn"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )
    while not any("spawn_main" in " ".join(c.cmdline()) for c in Process(process.pid).children()):
        time.sleep(0.001)
    time.sleep(0.03)
    os.killpg(process.pid, signal.SIGINT)
    said, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")
    assert "Interrupted: no verdict." in said


@pytest.mark.parametrize("options", [["-k", "by_hand"], ["-x"]])
def test_what_was_not_chosen_did_not_run(options: list[str], plain: Run) -> None:
    """Catches: "every one passes" after some of the tests."""
    said = plain(solution() if "-k" in options else transposed(), *options)
    assert f"{'6' if '-k' in options else '7'} of 8 tests did not run" in said
    assert "Every one passes" not in said
    assert re.search(r"not run +rnn +rnn ", said)


def test_what_failed_last_runs_again_alone(folder: Path) -> None:
    """`pytest --lf`, twice: what it leaves out did not run; once all is mended all runs again."""
    test = folder / "exercises" / "test_rnn.py"
    arguments = ["--lang=en", "--import-mode=importlib", "--lf", f"--rootdir={folder}", str(test)]
    said = []
    for text in (transposed(), solution(), solution()):
        (folder / "exercises" / "rnn.py").write_text(text, "utf-8")
        sys.modules.pop("rnn", None)
        with contextlib.redirect_stdout(io.StringIO()) as output:
            pytest.main(arguments)
        said.append(output.getvalue())
    first, again, all_of_them = said
    failed = int(re.findall(r"(\d+) failed", first)[-1])
    assert 0 < failed < 8
    assert f"rerun previous {failed} failures" in again
    assert f"{8 - failed} of 8 tests did not run" in again and "Every one passes" not in again
    assert "Every one passes" in all_of_them


def test_the_debugger_stops_at_the_students_line(folder: Path) -> None:
    """`pytest --pdb`: their variables are there, and quitting counts no test that did not run."""
    (folder / "exercises" / "rnn.py").write_text(STEP + WALK, "utf-8")
    done = subprocess.run(
        python("-m", "pytest", "--pdb", "--lang=en", "exercises/test_rnn.py"),
        cwd=folder,
        input="p 'shape', tuple(z.shape)\nq\n",
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONUTF8": "1"},
        check=False,
    )
    assert "rnn.py(10)helper()" in done.stdout
    assert "('shape', (1, 2))" in done.stdout
    assert done.returncode == 2
    assert "7 of 8 tests did not run" in done.stdout


def test_junit_has_every_test_once_and_what_a_student_is_told(plain: Run, folder: Path) -> None:
    """As GitLab and Jenkins read it: failures and no errors, and their first words."""
    report = folder / "junit.xml"
    plain(STEP + WALK, f"--junitxml={report}")
    suite = ElementTree.parse(report).getroot()[0]
    assert [suite.get(name) for name in ("tests", "failures", "errors", "skipped")] == list("8800")
    messages = {
        case.get("name"): case[0].get("message") for case in suite if case.tag == "testcase"
    }
    assert messages["test_rnn_by_hand"].startswith("not written: `rnn` in rnn.py")
    assert "`rnn_step` raised IndexError" in messages["test_rnn_step_by_hand"]
    text = "".join(suite.itertext())
    assert "exercises/rnn.py:10  (helper)" in text
    assert not [word for word in OURS if word in text]
    sys.modules.pop("rnn")
    loop = "def rnn_step(*_):\n    while True:\n        pass\n"
    plain(loop + WALK, f"--junitxml={report}", "--limit=0.1")
    suite = ElementTree.parse(report).getroot()[0]
    assert [suite.get(name) for name in ("failures", "errors", "skipped")] == list("503")


def test_a_test_that_a_program_skips_did_not_run(folder: Path) -> None:
    status, said = checked(folder, "import pytest\ndef rnn_step(*_):\n    pytest.skip()\n" + WALK)
    assert status == 1
    assert re.search(r"not run +rnn +rnn_step +0 of 4", said)


OTHER = "\n\ndef other(*x):\n    return rnn_step(*x)\n"


@pytest.mark.parametrize(
    ("called", "told"), [("rnn_step", "[Previous line repeated "), ("other", " more calls]")]
)
def test_recursion_is_folded(called: str, told: str, check: Run) -> None:
    """As Python folds it; of two that call each other the beginning and the end are shown."""
    said = check(f"def rnn_step(*x):\n    return {called}(*x)\n{OTHER}{WALK}")
    assert told in said
    assert "A function that calls itself needs a case" in said
    assert len(said.splitlines()) < 60


def test_what_has_a_name_is_to_be_fixed_first(folder: Path) -> None:
    """Of one exercise's failed tests; and what a program calls comes before the program."""
    softmax = "    e = torch.exp(scores)\n    return e / e.sum(dim, keepdim=True)\n"
    start = (folder / "exercises" / "attention.py").read_text("utf-8")
    stub = "    raise NotImplementedError  # replace this line with your code\n"
    head, _, tail = start.partition("def softmax")
    _, said = checked(folder, head + "def softmax" + tail.replace(stub, softmax, 1), "attention")
    assert "Large scores overflow and very small ones vanish" in said.replace("\n", " ")
    tally = Tally(folder / "exercises")
    for name, named in (("rnn_step", False), ("rnn", True)):
        failed = FailedTest("test", "", "", named=named)
        tally.failures["rnn", name] = [FailedTest("first", "", ""), failed]
    order = [("rnn", "rnn_step"), ("rnn", "rnn")]
    (folder / "exercises" / "rnn.py").write_text("def rnn(x):\n    return x\n")
    assert first_to_fix(order, tally) == ("rnn", "rnn")
    assert tally.failure["rnn", "rnn"].named
    (folder / "exercises" / "rnn.py").write_text("def rnn(x):\n    return rnn_step(x)\n")
    assert first_to_fix(order, tally) == ("rnn", "rnn_step")


@pytest.mark.parametrize(
    ("damage", "line"), [("def test_x(:\n", 1), ("import pytest\nname_of_nothing\n", 2)]
)
def test_a_damaged_test_file_is_named(damage: str, line: int, folder: Path) -> None:
    """Its line, and how to get it back; other units' tests run."""
    (folder / "exercises" / "test_rnn.py").write_text(damage, "utf-8")
    status, said = checked(folder, None, "rnn", "cost")
    said = " ".join(said.split())
    assert status != 0
    assert re.search(rf"test_rnn.py, which has the tests, cannot be read: .* \(line {line}\)", said)
    assert "Get it back as it was given to you" in said
    assert "not run rnn rnn_step 0 of 0 7" in said
    assert "not written cost sequential_steps" in said


def test_plain_pytest_names_a_damaged_file_too(folder: Path, plain: Run) -> None:
    (folder / "exercises" / "test_rnn.py").write_text("def test_x(:\n", "utf-8")
    said = plain(solution())
    assert "test_rnn.py, which has the tests, cannot be read: " in said
    assert not [word for word in OURS if word in said]


def test_what_fails_is_an_assertion_to_editors(plain: Run, folder: Path) -> None:
    """VS Code calls a test "errored" whose exception's type has another name.

    What is not written yet is told by the first words.
    """
    seen = []

    class Editor:
        def pytest_exception_interact(
            self, call: pytest.CallInfo[None], report: pytest.TestReport
        ) -> None:
            assert call.excinfo
            seen.append((call.excinfo.typename, report.longreprtext.split("\n")[0][:40]))
            frames = [entry.path for entry in call.excinfo.traceback]
            assert folder / "exercises" / "rnn.py" in frames or "not written" in seen[-1][1]

    plain(STEP + WALK, plugins=[Editor()])
    assert {name for name, _ in seen} == {"AssertionError"}
    assert {text for _, text in seen} == {
        "`rnn_step` raised IndexError: index 17 i",
        "not written: `rnn` in rnn.py is not impl",
    }


def test_a_loop_over_the_batch_is_advised_against(check: Run) -> None:
    loop = "torch.cat([_step(x[i:i+1], h[i:i+1], w_xh, w_hh, b) for i in range(len(x))])"
    text = solution().replace("def rnn_step(", "def _step(")
    text += f"\n\ndef rnn_step(x, h, w_xh, w_hh, b):\n    return {loop}\n"
    said = check(text, "zh")
    assert "建议（不影响测试）： rnn · rnn.py" in said
    assert "说明有一个遍历句子的循环" in said


def test_what_a_right_program_prints_is_not_shown(
    check: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor while its operations are counted for advice."""
    said = check(solution().replace("    return torch.tanh", "    print(x)\n    return torch.tanh"))
    assert "15 of 15 points" in said
    assert capsys.readouterr().out == ""


def test_names_are_whole_in_a_narrow_terminal(folder: Path) -> None:
    text = io.StringIO()
    course = courses.load(folder)
    show(Tally(), [course.unit("vanishing_gradient")], Console(file=text, width=40), "en")
    assert "…" not in text.getvalue()


def test_plain_pytest_ends_with_the_same(plain: Run) -> None:
    said = plain(transposed().partition("def rnn(")[0] + WALK)
    failures, _, summary = said.partition(" Exercises ")
    assert failures.count(TRANSPOSED) == 4
    assert "FF---" in failures
    assert "Fix first: rnn_step · rnn.py · test_rnn_step_by_hand" in summary
    assert "4 failed, 4 not written" in summary
    assert not [word for word in OURS if word in said]


def test_plain_pytest_can_show_every_frame(plain: Run) -> None:
    """A way out for whoever debugs the course itself."""
    assert "evaluate.py" in plain(STEP + WALK, "--full-trace", "-k", "rnn_step_by_hand")


def test_plain_pytest_speaks_the_language_of_the_locale(folder: Path) -> None:
    command = python("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_cost.py")
    environment = os.environ | {"AUTOGRADER_LANG": "", "LC_ALL": "", "LANGUAGE": ""}
    # Not LC_ALL: where that locale is not installed, Python 3.11 reads no path with such letters.
    environment |= {"LC_MESSAGES": "zh_CN.UTF-8", "LC_CTYPE": "C.UTF-8", "PYTHONUTF8": "1"}
    done = subprocess.run(
        command,
        cwd=folder / "exercises",
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    assert "先改这里： " in done.stdout
    assert "还没有写。" in done.stdout


def test_the_recorded_mistakes_are_those_of_the_course() -> None:
    """The command, of one unit: tests/test_promises.py compares what it records of each."""
    asked = ["--check", "--unit", "cost", "--course", str(ROOT)]
    done = subprocess.run(
        python("-m", "autograder.mistakes.publish", *asked),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_several_units_mistakes_are_recorded_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches: of a repeated --unit only the last one."""
    asked = list[str]()

    def record(course: courses.Course, units: Sequence[courses.Unit]) -> RecordedMistakes:
        asked.extend(unit.name for unit in units)
        return {}

    monkeypatch.setattr(publish, "record", record)
    done = CliRunner().invoke(publish.app, ["--check", "--unit", "rnn", "--unit", "gates"])
    assert (done.exit_code, asked) == (0, ["rnn", "gates"]), done.output


def test_every_unit_has_mistakes_that_are_named_locally() -> None:
    """But where tests are written: of a test that is changed nobody can say that it is wrong."""
    known = recorded.load(ROOT)
    written = {u.name for u in courses.load(ROOT).units if "tests" in u.exercises[0].points}
    assert set(known) == set(courses.load(ROOT).unit_names)
    assert all(len(known[unit]) >= 5 for unit in known.keys() - written)


def numbers() -> torch.Tensor:
    return torch.linspace(-1, 2, 12, dtype=torch.float64).reshape(3, 4)


def test_marks_of_one_output_are_near() -> None:
    one = known_mistakes.mark((numbers(), [3, 0.5], None))
    assert known_mistakes.near(one, known_mistakes.mark([numbers() + 1e-12, [3.0, 0.5], None]))
    odd = torch.tensor([1.0, torch.nan, torch.inf])
    assert known_mistakes.near(known_mistakes.mark(odd), known_mistakes.mark(odd.clone()))
    large = known_mistakes.mark([torch.full((3,), 1e308, dtype=torch.float64)])
    assert known_mistakes.near(msgspec.json.decode(msgspec.json.encode(large)), large)


@pytest.mark.parametrize(
    "other",
    [
        numbers() + 1e-6,
        numbers().flip(0),
        numbers().flip(1),
        numbers().reshape(4, 3),
        numbers().float(),
        numbers().numpy(),
        numbers().where(numbers() < 2, torch.nan),
        [numbers()],
        None,
        np.float64(1.0),
    ],
)
def test_marks_of_other_outputs_are_not_near(other: object) -> None:
    assert not known_mistakes.near(known_mistakes.mark(numbers()), known_mistakes.mark(other))


@pytest.mark.parametrize("value", ["10**400", "{1: 2.0, 'a': 3.0}"])
def test_what_cannot_be_added_up_has_no_name(value: str, folder: Path) -> None:
    text = f"def sequential_steps(*_):\n    return {value}\n"
    said = checked(folder, text, "cost")[1]
    assert "Fix first: sequential_steps" in said and ", expected 100." in said


def test_what_ends_pytest_itself_is_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it would look as if nobody had chosen a test."""
    monkeypatch.setattr("autograder.local.explain.explain", lambda *_: 1 / 0)
    assert "INTERNALERROR> ZeroDivisionError" in checked(folder, "", "cost")[1]


@pytest.mark.parametrize("ending", ["os._exit(0)", "os.kill(os.getpid(), 11)"])
@pytest.mark.parametrize("text", ["import os\n{}\n", "import os\ndef rnn_step(*_):\n    {}\n"])
def test_a_program_that_ends_before_its_verdict_has_none(
    text: str, ending: str, folder: Path
) -> None:
    """Silence, or an exit status of 0, would look like success."""
    (folder / "exercises" / "rnn.py").write_text(text.format(ending), "utf-8")
    done = autograder("check", "rnn", "--lang", "zh", "--course", folder)
    assert done.returncode == 1
    assert "没有结果：程序退出或崩溃了" in done.stdout


def test_what_a_program_says_in_the_verdicts_place_is_no_verdict() -> None:
    """A check's process is a student's: its words are bytes, cleaned, and no more than a name."""
    ours, theirs = Pipe()
    process = OwnProcess.__new__(OwnProcess)
    process._connection, process._began, process.at, process.status = ours, 0.0, None, None
    process.hear()
    assert process.at is None
    for word in (b"begins test_\x1b[2J\xff", b"ended, as I say", b"ended 0"):
        theirs.send_bytes(word)
    process.hear()
    assert (process.at, process.status) == ("test_\ufffd[2J\ufffd", None)
    theirs.close()
    process.hear(None)
    assert process.status == 0
