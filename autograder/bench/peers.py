"""What other graders take for the same submissions: nbgrader, otter, and pytest a process each.

Nbgrader and otter get the least that they can be given: a notebook with the student's program in
one cell, and one check that its functions are there. So what is measured is what they do for every
submission: start a kernel, import torch, run the program, write the result. Neither isolates the
program. A pytest process gets the very hidden tests, but the program runs beside them.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from autograder.core.course import Unit
from autograder.core.processes import python, testing_environment
from autograder.core.units import hidden_tests

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
ASSIGNMENT = "batch"


class Cost(NamedTuple):
    """Of one submission: seconds of CPU, of all processes together, and on the wall."""

    cpu: float
    wall: float


class Absent(Exception):  # noqa: N818 - an outcome
    """A peer is not installed; the message says how to have it."""


def pytest_process(root: Path, submissions: Sequence[Path], unit: Unit, place: Path) -> Cost:
    """The hidden tests, speed left out, in a process of pytest for each submission."""

    environment = testing_environment() | {"PYTHONPATH": str(root)}  # for `import course.…`

    def grade() -> None:
        for path in submissions:
            command = python("-m", "pytest", "-q", "-p", "autograder.plugin", "-k", "not at_once")
            command += [f"--submission={path.parent}", str(hidden_tests(root, unit.name))]
            _run([*command, "-p", "no:cacheprovider"], root, environment)

    return _cost(grade, len(submissions))


def nbgrader(submissions: Sequence[Path], unit: Unit, place: Path) -> Cost:
    """`nbgrader autograde` over all of them at once, as its user does."""
    place.mkdir()
    config = {"CourseDirectory": {"course_id": ASSIGNMENT}}
    (place / "nbgrader_config.json").write_text(json.dumps(config), "utf-8")
    source = place / "source" / ASSIGNMENT / f"{unit.name}.ipynb"
    _write_notebook(source, "", unit, graded=True)
    command = [sys.executable, "-m", "nbgrader"]
    environment = _beside(Path(sys.executable))
    _run([*command, "generate_assignment", ASSIGNMENT], place, environment, check=True)
    for path in submissions:
        handed_in = place / "submitted" / path.parent.name.replace(" ", "-") / ASSIGNMENT
        text = path.read_text("utf-8", errors="replace")
        _write_notebook(handed_in / source.name, text, unit, graded=True)
    command += ["autograde", ASSIGNMENT]
    cost = _cost(lambda: _run(command, place, environment), len(submissions))
    graded = len(list((place / "autograded").glob(f"*/{ASSIGNMENT}/{source.name}")))
    if not graded:
        raise Absent("nbgrader graded nothing; run `nbgrader autograde` by hand to see why")
    return cost


def otter(executable: Path | None) -> Callable[[Sequence[Path], Unit, Path], Cost]:
    """`otter run`, a process for each submission, with the program at this path."""

    def run(submissions: Sequence[Path], unit: Unit, place: Path) -> Cost:
        if executable is None:
            raise Absent("not measured: name its program with --otter (pip install otter-grader)")
        (place / "tests").mkdir(parents=True)
        (place / "tests" / "q1.py").write_text(f"OK_FORMAT = True\ntest = {_otter(unit)!r}\n")
        environment = _beside(executable)
        tool = str(executable.absolute())
        _run([tool, "generate", "-t", "tests", "-o", "tests.zip"], place, environment, check=True)
        notebooks = []
        for number, path in enumerate(submissions):
            notebooks.append(place / f"{number}" / f"{unit.name}.ipynb")
            text = path.read_text("utf-8", errors="replace")
            _write_notebook(notebooks[-1], text, unit, graded=False)

        def grade() -> None:
            for notebook in notebooks:
                where = ["-a", "tests.zip", "-o", str(notebook.parent)]
                _run([tool, "run", str(notebook), *where], place, environment)

        cost = _cost(grade, len(notebooks))
        if not list(place.glob("*/results.json")):
            raise Absent("otter graded nothing; run `otter run` by hand to see why")
        return cost

    return run


def _cost(action: Callable[[], None], count: int) -> Cost:
    start, before = time.perf_counter(), _children_seconds()
    action()
    return Cost((_children_seconds() - before) / count, (time.perf_counter() - start) / count)


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _run(
    command: Sequence[str],
    place: Path,
    environment: dict[str, str] | None = None,
    *,
    check: bool = False,
) -> None:
    null = subprocess.DEVNULL
    subprocess.run(command, cwd=place, env=environment, stdout=null, stderr=null, check=check)


def _beside(executable: Path) -> dict[str, str]:
    """The environment of a program that calls others from its own folder by their names."""
    folder = executable.absolute().parent
    return os.environ | {"PATH": f"{folder}:{os.environ.get('PATH', '')}"}


def _present(unit: Unit) -> str:
    return " and ".join(f"callable({exercise.name})" for exercise in unit.exercises)


def _otter(unit: Unit) -> dict[str, Any]:
    """Otter's test of whether a unit's functions are there. Source: its OK format."""
    case = {"code": f">>> {_present(unit)}\nTrue", "hidden": False, "locked": False}
    suite = {"cases": [case], "scored": True, "setup": "", "teardown": "", "type": "doctest"}
    return {"name": "q1", "points": 1, "suites": [suite]}


def _write_notebook(path: Path, text: str, unit: Unit, *, graded: bool) -> None:
    """A notebook with a student's program; for nbgrader also with the check as a graded cell."""
    cells = [_cell("program", text, graded, solution=True)]
    if graded:
        cells.append(_cell("check", f"assert {_present(unit)}", graded, solution=False))
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": KERNEL}}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook | {"cells": cells}), "utf-8")


def _cell(name: str, text: str, graded: bool, *, solution: bool) -> dict[str, Any]:
    about = {"nbgrader": _about_cell(name, solution=solution)} if graded else {}
    facts: dict[str, Any] = {
        "cell_type": "code",
        "id": name,
        "execution_count": None,
        "outputs": [],
    }
    return facts | {"source": text, "metadata": about}


def _about_cell(name: str, *, solution: bool) -> dict[str, Any]:
    """Nbgrader's metadata of a cell. Source: its schema, version 3."""
    points = {} if solution else {"points": 1}
    return points | {
        "grade_id": name,
        "grade": not solution,
        "solution": solution,
        "locked": not solution,
        "task": False,
        "schema_version": 3,
        "cell_type": "code",
    }
