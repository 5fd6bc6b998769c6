"""Notebooks at a student's desk: the grading's loader, and which of two files counts."""

from __future__ import annotations

import builtins
import contextlib
import importlib.util
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ROOT
from rich.console import Console
from test_check import folder, solution, transposed  # noqa: F401

from autograder.core import course as courses
from autograder.local import tally
from autograder.local.check import check_folder

Check = Callable[[], str]
STARTER = (ROOT / "exercises" / "rnn.py").read_text("utf-8")


@pytest.fixture
def check(folder: Path) -> Iterator[Check]:  # noqa: F811
    """Check the unit `rnn` of a folder; finders and what notebooks have of IPython are removed."""
    finders, before = list(sys.meta_path), dict(vars(builtins))

    def run() -> str:
        course, output = courses.load(folder), io.StringIO()
        console = Console(file=output, width=200, highlight=False)
        check_folder(course, [course.unit("rnn")], console, "en")
        return output.getvalue()

    yield run
    sys.meta_path[:] = finders
    for name in vars(builtins).keys() - before.keys():
        delattr(builtins, name)
    for name in ("rnn", "gates"):
        sys.modules.pop(name, None)


def write(folder: Path, *cells: str) -> Path:  # noqa: F811
    path = folder / "exercises" / "rnn.ipynb"
    code = [{"cell_type": "code", "source": cell} for cell in cells]
    path.write_text(json.dumps({"cells": code, "nbformat": 4, "metadata": {}}), "utf-8")
    return path


def test_a_notebook_is_tested_as_it_is_graded(folder: Path, check: Check) -> None:  # noqa: F811
    """With magics and cells that fail or do not end; beside an untouched starter it counts."""
    write(folder, "%matplotlib inline\n!ls", transposed(), "1 / 0", "import lesson\nlesson.x()")
    said = check()
    assert "Tested is rnn.ipynb; rnn.py has nothing of yours." in said
    assert "Fix first: rnn_step · rnn.ipynb · test_rnn_step_by_hand" in said
    assert re.search(r"rnn.ipynb, code cell 2:\d+  def rnn_step\n", said)
    assert "w_hh is transposed." in said


@pytest.mark.parametrize(
    "line", ["!pip install d2l\n", "if True:\n  !pip list\n", "get_ipython().system('ls')\n"]
)
def test_a_notebook_s_text_is_tested_as_it_is_graded(
    folder: Path,  # noqa: F811
    check: Check,
    line: str,
) -> None:
    """Colab's "download .py" leaves `!` in it, nbconvert makes calls of them; a starter, too."""
    path = folder / "exercises" / "rnn.py"
    path.write_text(line + transposed(), "utf-8")
    said = check()
    assert "rnn.py is a notebook's text, with lines such as `!pip`" in said
    assert "Fix first: rnn_step · rnn.py · test_rnn_step_by_hand" in said
    assert re.search(r"rnn.py, code cell 1:\d+  def rnn_step\n", said)
    assert "w_hh is transposed." in said
    sys.modules.pop("rnn")
    path.write_text(line + STARTER, "utf-8")
    assert "`rnn_step` in rnn.py is not implemented yet." in check()


def test_what_a_notebook_s_function_calls_is_fixed_first(
    folder: Path,  # noqa: F811
    check: Check,
) -> None:
    """`rnn` fails by a wrong `rnn_step` alone; a magic beside it is no reason not to see that."""
    step = "%time\ndef rnn_step(x, h, *_):\n    return h * 0 + 1"
    whole = "def rnn(x, h, *w):\n    return rnn_step(x, h, *w)[None]"
    write(folder, "import torch", f"{whole}", step)
    (folder / "exercises" / "rnn.py").unlink()
    assert "Fix first: rnn_step · rnn.ipynb" in check()
    assert {"rnn_step"} <= tally._called(folder / "exercises" / "rnn.ipynb", "rnn")


def test_an_exception_in_a_cell_shows_its_line(folder: Path, check: Check) -> None:  # noqa: F811
    (folder / "exercises" / "rnn.py").unlink()
    write(folder, "x = 1", "\ndef rnn_step(*_):\n    return x[3]\n")
    said = check()
    assert "rnn.ipynb, code cell 2:3  (rnn_step)\n    return x[3]\n" in said
    assert "Tested is" not in said


def test_a_function_whose_cell_failed_shows_the_cell(folder: Path, check: Check) -> None:  # noqa: F811
    write(folder, solution(), "rnn_step = step_of_mine")
    assert "4 of 4" in check()  # the last function of a name counts, as in grading
    sys.modules.pop("rnn")
    write(folder, "rnn_step = step_of_mine\nrnn = 1")
    said = check()
    assert "rnn.ipynb defines no function `rnn_step`." in said
    assert "(NameError: name 'step_of_mine' is not defined):" in said.replace("\n", " ")
    assert "rnn.ipynb, code cell 1:1\n    rnn_step = step_of_mine\n" in said


def test_of_two_that_hold_work_the_last_one_counts(folder: Path, check: Check) -> None:  # noqa: F811
    path = write(folder, solution())
    (folder / "exercises" / "rnn.py").write_text(transposed(), "utf-8")
    os.utime(path, (2e9, 2e9))
    said = check()
    assert "rnn.py and rnn.ipynb both hold work." in said
    assert "Tested is rnn.ipynb, which was saved last." in said
    assert "15 of 15 points" in said


def test_work_beside_it_is_named(folder: Path, check: Check) -> None:  # noqa: F811
    """A copy that a browser made, and a notebook beside the tests' folder."""
    (folder / "exercises" / "rnn.py").rename(folder / "exercises" / "rnn (1).py")
    (folder / "exercises" / "rnn (1).py").write_text(solution(), "utf-8")
    said = check()
    assert (
        "exercises/rnn (1).py looks like your work for rnn: rename it to exercises/rnn.py" in said
    )
    (folder / "exercises" / "rnn (1).py").unlink()
    write(folder, solution()).rename(folder / "rnn.ipynb")
    assert "rnn.ipynb looks like your work for rnn: rename it to exercises/rnn.ipynb" in check()


def test_without_ipython_a_notebook_is_refused(
    folder: Path,  # noqa: F811
    check: Check,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the line that installs it; it is never read in another way."""
    write(folder, solution())
    find = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> object:
        return None if name == "IPython" else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    said = check()
    assert "is not installed here. Run: pip install ipython" in said.replace("\n", " ")
    assert "0 of 15 points" in said


def test_what_is_no_notebook_is_told(folder: Path, check: Check) -> None:  # noqa: F811
    (folder / "exercises" / "rnn.py").unlink()
    (folder / "exercises" / "rnn.ipynb").write_text("{", "utf-8")
    assert "rnn.ipynb is not a Jupyter notebook" in check()


def test_plain_pytest_takes_it_too(folder: Path, check: Check) -> None:  # noqa: F811
    write(folder, solution())
    test = str(folder / "exercises" / "test_rnn.py")
    with contextlib.redirect_stdout(io.StringIO()) as output:
        status = pytest.main(
            ["--lang=zh", "--import-mode=importlib", "-p", "no:cacheprovider", test]
        )
    assert status == 0
    assert "测试的是 rnn.ipynb；rnn.py 里没有你写的内容。" in output.getvalue()
