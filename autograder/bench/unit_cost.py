"""What a unit's correctness tests cost a submission, in CPU time, once the graders are warm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import psutil
from rich.console import Console
from rich.table import Table

from autograder.bench import cpu_time
from autograder.bench.validity.graders import solutions, submission
from autograder.core.course import Course, Unit
from autograder.core.errors import GraderError
from autograder.grading.grader import Grader
from autograder.grading.protocol import Options
from autograder.sandbox.host import MANY

GOAL = 0.1  # CPU-seconds of a unit


class Seconds(NamedTuple):
    """CPU time so far: of the tests' processes, and of the sandbox's."""

    tests: float
    sandbox: float


def units(course: Course, asked: Sequence[Unit], rounds: int, console: Console) -> bool:
    """Print the mean over the gradings of a perfect student; whether all units reach the goal.

    The sandbox's time is that of bubblewrap, its warm host and every student's process, which the
    host waits for; the tests' time is that of the tester and its forks. The time of starting them
    is left out, and so is speed, which is a clock's and not a test's. The goal leaves out what the
    manifest calls large.
    """
    table = Table(title=f"CPU-seconds a submission, mean of {rounds} gradings, goal {GOAL}")
    table.add_column("unit")
    for heading in ("hidden tests", "the tests' side", "the sandbox", "both", "loops"):
        table.add_column(heading, justify="right")
    reached, loop = True, cpu_time.fixed_loop()
    table.caption = cpu_time.loop_told(loop)
    with Grader(course, Options(speed=False), [course.root]) as grader:
        # After so many, a host has done all it does once; the first unit is a quick one.
        _cost(course, course.units[0], grader, MANY)
        for unit in asked:
            count, spent = _cost(course, unit, grader, rounds)
            both = sum(spent)
            reached = reached and (both <= GOAL or unit.large)
            figures = *spent, both, both / loop
            table.add_row(unit.name, str(count), *(f"{figure:.3f}" for figure in figures))
    console.print(table)
    return reached


def _cost(course: Course, unit: Unit, grader: Grader, rounds: int) -> tuple[int, Seconds]:
    """How many tests ran, and the mean CPU time of a grading, the first one not counted."""
    perfect = submission(solutions(course))
    report = grader.grade(perfect, unit)
    if report.score != report.max_score:
        raise GraderError(f"The solution of {unit.name} does not get full marks: {report.message}")
    before = _spent()
    for number in range(rounds):
        grader.grade(perfect, unit, seed=f"{unit.name} {number}")
    after = _spent()
    ran = sum(test.status == "passed" for test in report.tests)
    tests, sandbox = ((b - a) / rounds for a, b in zip(before, after, strict=True))
    return ran, Seconds(tests, sandbox)


def _spent() -> Seconds:
    """The CPU time of every process below this one, those that were waited for included."""
    (tester,) = psutil.Process().children()
    forks = [child for child in tester.children() if child.cmdline() == tester.cmdline()]
    sandbox = [p for p in tester.children(recursive=True) if p not in forks]
    return Seconds(cpu_time.seconds([tester, *forks]), cpu_time.seconds(sandbox))
