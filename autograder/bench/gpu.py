"""All that only a machine with a GPU can show of the grader, in one run with a file of figures."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from autograder.bench.speed_errors import errors
from autograder.bench.validity.graders import CorrectnessGraders, Job, solutions
from autograder.bench.validity.right import Right, print_right, written_differently
from autograder.core.console import MARKS
from autograder.core.course import Course
from autograder.core.processes import python
from autograder.supervisor.bubblewrap import has_gpu
from autograder.supervisor.gpu import NO_GPU, look

Step = Callable[[], tuple[bool, Any]]  # whether all came out as it should, and the figures


def gpu(course: Course, gradings: int, jobs: int, figures: Path, console: Console) -> bool:
    """Take every step; print its table, and in the end which of them came out as they should.

    gradings: of honest programs by the clock, and as many of sequential ones. jobs: how many
    programs are graded at once. figures: a file of JSON, written anew after each step.
    """
    if not has_gpu():
        console.print(NO_GPU)
        return False
    steps: dict[str, Step] = {
        "CUDA behind the wall": lambda: _walls(console),
        "right answers": lambda: _right(course, jobs, console),
        "what CUDA refuses": lambda: _rules(course, console),
        "the clock": lambda: _clock(course, gradings, jobs, figures.parent, console),
    }
    found: dict[str, dict[str, Any]] = {}
    figures.parent.mkdir(parents=True, exist_ok=True)
    for name, step in steps.items():
        start = time.monotonic()
        fine, seen = step()
        seconds = round(time.monotonic() - start, 1)
        found[name] = {"fine": fine, "seconds": seconds, "figures": seen}
        figures.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    table = Table("", "what", "seconds", title="On this GPU", box=None)
    for name, one in found.items():
        table.add_row(MARKS[one["fine"]], name, f"{one['seconds']:.0f}")
    console.print(table)
    console.print(f"Figures: {figures}", markup=False)
    return all(one["fine"] for one in found.values())


def _walls(console: Console) -> tuple[bool, Any]:
    found = look(console)
    return all(finding.fine for finding in found), found


def _right(course: Course, jobs: int, console: Console) -> tuple[bool, Any]:
    """All hidden tests but those of speed, on the CPU and on CUDA."""
    solved = solutions(course)
    todo: list[Job[str]] = []
    for unit in course.units:
        todo += [("the solution", unit, solved), *written_differently(course, [unit])]
    with CorrectnessGraders(course, jobs, cuda=True) as graders:
        found = [Right(report.unit, name, report) for name, report in graders.grade(todo)]
    print_right(console, found)
    figures = {
        f"{right.unit}: {right.name}": [right.report.score, right.report.max_score]
        for right in found
    }
    return all(right.full for right in found), figures


def _rules(course: Course, console: Console) -> tuple[bool, Any]:
    """The list of what CUDA takes and refuses, by which the pretend GPU goes, on the real one."""
    tests = course.root / "tests" / "test_accelerator.py"
    command = python("-m", "pytest", "-q", "--no-header", "-k", "cuda", str(tests))
    done = subprocess.run(command, cwd=course.root, capture_output=True, text=True, check=False)
    console.print("What CUDA takes and refuses:", done.stdout[-3000:], sep="\n", markup=False)
    counts = (done.stdout.splitlines() or [""])[-1]
    return done.returncode == 0 and "skipped" not in counts, counts


def _clock(
    course: Course, gradings: int, jobs: int, folder: Path, console: Console
) -> tuple[bool, Any]:
    """How often the clock errs on the GPU, without noise beside it."""
    log = folder / "gpu_clock.jsonl"
    fine = errors(course, gradings, 0, jobs, folder / "gpu_clock.png", log, console, "cuda")
    return fine, str(log)
