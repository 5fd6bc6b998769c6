"""What a notebook means in Jupyter it means in grading: cases that were reported, and taught ones.

tests/notebooks/ has them as Markdown, each fence a cell, `# SOLUTION` standing for the solution's
functions: `reported` are such as a grader got wrong; `taught` are in the manner of Colab, d2l,
Kaggle and nbgrader, and are run by Jupyter, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from conftest import ROOT
from machine import patience

from autograder.core.course import Course, Unit
from autograder.grading.grader import Grader
from autograder.grading.protocol import Options
from autograder.intake.reading import read
from autograder.notebooks.build import TEST, functions, unit_notebook
from autograder.reports.schema import Report

FOLDER = ROOT / "tests" / "notebooks"
TAUGHT = sorted(path.stem for path in (FOLDER / "taught").glob("*.md"))
FENCE = re.compile(r"```(python|raw)\n(.*?)```\n", re.DOTALL)
SOLUTION = re.compile(r"^# SOLUTION(?:: (.*))?$", re.MULTILINE)
CPU = Options(speed=False)
SECONDS = 60  # for one cell
ALL = 28  # points of `attention`, without speed

# The points of a reported case, and what its reasons say.
REPORTED = {
    "add-to-class.md": (ALL, ""),
    "append-registry.md": (ALL, ""),
    "catches-everything.md": (ALL, ""),
    "comment-question-mark.md": (ALL, ""),
    "dead-binding-raises.md": (ALL, ""),
    "decorator-of-a-missing-package.md": (
        18,
        "`attention` in attention.ipynb was never defined. `jit` has no value, because "
        "attention.ipynb, code cell 2, line 1 (`from numba_is_not_here import jit`) raised "
        "ModuleNotFoundError: No module named 'numba_is_not_here'.",
    ),
    "detach-each-step.py": (11, "the gradient of"),
    "ends-the-process.md": (ALL, ""),
    "hangs-in-c.py": (ALL, ""),
    "indented-magic.md": (ALL, ""),
    "indented-timeit.md": (ALL, ""),
    "init-in-place.md": (ALL, ""),
    "loop-at-the-end.md": (ALL, ""),
    "loop-variable.md": (ALL, ""),
    "markdown-code.md": (0, "It is written in attention.ipynb, markdown cell 1, which is not run."),
    "markdown-below-a-starter.md": (
        4,
        "`softmax` in attention.ipynb is not implemented yet. It is written in attention.ipynb, "
        "markdown cell 1, which is not run.",
    ),
    "missing-package-is-used.md": (
        18,
        "raised NameError: name 'rearrange' is not defined in attention.ipynb, code cell 3, line 2 "
        "(`return rearrange(q), None`). `rearrange` has no value, because attention.ipynb, code "
        "cell 1, line 4 (`from not_here import rearrange`) raised ModuleNotFoundError",
    ),
    "one-import-line.md": (ALL, ""),
    "registry-of-helpers.md": (ALL, ""),
    "returns-a-tuple.py": (7, "expected a tensor"),
    "shell-assignment.md": (ALL, ""),
    "slow-import.py": (ALL, ""),
    "star-import-missing.md": (ALL, ""),
    "tests-at-the-bottom-fail.py": (ALL, ""),
    "timeit-in-an-answer.md": (ALL, ""),
    "torch-compile.py": (ALL, ""),
    "training-at-the-end.py": (ALL, ""),
    "training-binds-its-name.md": (ALL, ""),
    "unreadable-cell.md": (
        18,
        "`attention` has no value, because attention.ipynb, code cell 3, line 2 (`return softmax("
        "q @ k.mT @ v`) raised SyntaxError: '(' was never closed.",
    ),
    "what-a-stop-costs.md": (
        18,
        "`bias` has no value, because attention.ipynb, code cell 3, line 1 (`bias = train()`) was "
        "left out: it took too long, or ended the program.",
    ),
    "writefile-not-imported.md": (
        0,
        "It is written in attention.ipynb, code cell 2 (`%%writefile`), which is not run.",
    ),
    "writefile.md": (ALL, ""),
}


def filled(text: str, course: Course, unit: Unit) -> str:
    """A case's text, with the solution's functions in place of their line."""
    _, answers = functions(course, unit)

    def written(line: re.Match[str]) -> str:
        names = line[1].split() if line[1] else list(answers)
        return "\n\n\n".join(answers[name] for name in names)

    return SOLUTION.sub(written, text)


def notebook(text: str) -> dict[str, Any]:
    """A notebook from Markdown: what stands in no fence is a Markdown cell."""
    cells: list[dict[str, Any]] = []
    kinds = {"python": "code", "raw": "raw"}
    before, *rest = FENCE.split(text)
    for kind, source, after in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        cells.append({"cell_type": kinds[kind], "metadata": {}, "source": source.rstrip("\n")})
        if after.strip():
            cells.append({"cell_type": "markdown", "metadata": {}, "source": after.strip()})
    if before.strip():
        cells.insert(0, {"cell_type": "markdown", "metadata": {}, "source": before.strip()})
    for cell in cells:
        if cell["cell_type"] == "code":
            cell |= {"outputs": [], "execution_count": None}
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}


def hand_in(path: Path, folder: Path, course: Course, unit: Unit) -> None:
    """Put a case into a student's folder."""
    text = filled(path.read_text("utf-8"), course, unit)
    (folder / "ann").mkdir()
    if path.suffix == ".py":
        (folder / "ann" / f"{unit.name}.py").write_text(text, "utf-8")
    else:
        (folder / "ann" / f"{unit.name}.ipynb").write_text(json.dumps(notebook(text)), "utf-8")


@pytest.fixture(scope="module")
def quick(course: Course) -> Iterator[Grader]:
    """A grader that stops what takes longer than a second."""
    limits = msgspec.structs.replace(course.limits, statement_seconds=1.0, load_seconds=4.0)
    with Grader(msgspec.structs.replace(course, limits=limits), CPU, [course.root]) as warm:
        yield warm


@pytest.mark.parametrize("case", sorted(path.name for path in (FOLDER / "reported").iterdir()))
def test_reported_cases_get_what_is_right(
    course: Course, quick: Grader, tmp_path: Path, case: str
) -> None:
    points, words = REPORTED[case]
    unit = course.unit("attention" if points not in (7, 11) else "rnn")
    hand_in(FOLDER / "reported" / case, tmp_path, course, unit)
    report = quick.grade(read(tmp_path, "ann", course), unit)
    said = [test.message for test in report.tests if test.status == "failed"]
    assert (report.status, report.score) == ("graded", points), said
    assert any(words in message for message in said) or not words, said
    assert report.uncompiled == (case == "torch-compile.py")


def by_jupyter(text: str, folder: Path, course: Course, unit: Unit) -> dict[str, bool]:
    """Whether each exercise passes the lesson's checks, after the notebook was run by Jupyter."""
    nbformat = pytest.importorskip("nbformat")
    client = pytest.importorskip("nbclient")
    whole = nbformat.from_dict(notebook(text))
    lesson = nbformat.reads(unit_notebook(course, unit, "en", CPU.kinds), as_version=4)
    code = [cell for cell in lesson.cells[1:] if cell.cell_type == "code"]
    given, *_ = [cell for cell in code if "nbgrader" not in cell.metadata][1:]
    checks = [
        c for c in code if c.metadata.get("nbgrader", {}).get("grade_id", "").startswith(TEST)
    ]
    whole.cells += [given, *checks]
    (folder / "jupyter").mkdir()
    options = {"timeout": int(patience(SECONDS)), "allow_errors": True, "kernel_name": "python3"}
    at = {"metadata": {"path": str(folder / "jupyter")}}
    client.NotebookClient(whole, resources=at, **options).execute()
    failed = [c for c in checks if any(o.output_type == "error" for o in c.outputs)]
    return {c.metadata.nbgrader.grade_id.removeprefix(TEST): c not in failed for c in checks}


@pytest.mark.parametrize("name", TAUGHT)
def test_jupyter_gives_the_same_verdict(
    course: Course, graders: Any, tmp_path: Path, name: str
) -> None:
    unit = course.unit("attention")
    path = FOLDER / "taught" / f"{name}.md"
    hand_in(path, tmp_path, course, unit)
    with graders.borrow() as warm:
        report: Report = warm.grade(read(tmp_path, "ann", course), unit)
    tests = [test for test in report.tests if test.kind == "correctness"]
    ours = {
        e.name: all(t.status == "passed" for t in tests if t.exercise == e.name)
        for e in unit.exercises
    }
    said = {test.message for test in tests if test.status == "failed"}
    theirs = by_jupyter(filled(path.read_text("utf-8"), course, unit), tmp_path, course, unit)
    assert ours == theirs, said
