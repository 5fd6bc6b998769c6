"""How a class of any size goes through: rate, memory and CPU time, from the first to the last."""

from __future__ import annotations

import functools
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil
from rich.console import Console
from rich.table import Table

from autograder.bench import cpu_time, peers
from autograder.bench.generate import generate
from autograder.bench.peers import Absent, Cost
from autograder.core.course import Course, Unit
from autograder.core.processes import autograder

TENTHS = 10
PAIR = 400  # submissions


class MemoryLook(NamedTuple):
    """What was seen once so many reports were there.

    seconds: since the start, on the wall. cpu: seconds of all processes together. resident: bytes
    of the grader's own process.
    """

    reports: int
    seconds: float
    cpu: float
    resident: int


def batch(
    course: Course,
    unit: Unit,
    submissions: int,
    jobs: int,
    pairs: int,
    compared: int,
    otter: Path | None,
    console: Console,
) -> None:
    """Print the tables: one long run; one worker against two; the peers."""
    with tempfile.TemporaryDirectory(prefix="batch-") as folder:
        place = Path(folder)
        files = generate(course, place / "class", submissions, unit.name)
        looks = grade(course, [unit], place / "class", place / "results", jobs, "--no-speed")
        console.print(_long_run(looks, f"{submissions} submissions of {unit.name}, {jobs} at once"))
        if pairs:
            console.print(_two_against_one(course, unit, place, pairs))
        if compared:
            warm = _between(looks[0], looks[-1])
            console.print(_against_peers(course, files[:compared], unit, place, otter, looks, warm))


def whole_class(
    course: Course, units: Sequence[Unit], students: int, jobs: int, console: Console
) -> None:
    """Print what a class costs that hands in all of these units, and their speed is measured."""
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        place = Path(folder)
        for unit in units:
            generate(course, place / "class", students, unit.name)
        loop = cpu_time.fixed_loop()
        start = time.perf_counter()
        *_, last = grade(course, units, place / "class", place / "results", jobs)
        wall = time.perf_counter() - start
    title = f"{students} students, {len(units)} units, speed measured, {jobs} at once"
    table = _table(title, "", "a class", "a student", "a unit")
    for name, spent in (("seconds", wall), ("CPU-seconds", last.cpu)):
        each = (spent, spent / students, spent / last.reports)
        table.add_row(name, *(f"{one:.3g}" for one in each))
        table.add_row("… in fixed loops", *(f"{one / loop:.3g}" for one in each))
    table.caption = cpu_time.loop_told(loop)
    console.print(table)


def grade(
    course: Course,
    units: Sequence[Unit],
    submissions: Path,
    results: Path,
    jobs: int,
    *options: str,
) -> list[MemoryLook]:
    """Run `autograder grade` and look at it after each tenth of the reports."""
    count = len(units) * sum(1 for _ in submissions.iterdir())
    marks = {max(1, round(count * tenth / TENTHS)) for tenth in range(1, TENTHS + 1)}
    command = autograder("grade", str(submissions), "--course", str(course.root), *options)
    for unit in units:
        command += ["--unit", unit.name]
    command += ["--results", str(results), "--jobs", str(jobs), "--json", "--quiet"]
    start = time.perf_counter()
    looks = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        seen = 0
        for line in process.stdout:
            seen += json.loads(line)["event"] == "graded"
            if seen in marks:
                marks.remove(seen)
                looks.append(MemoryLook(seen, time.perf_counter() - start, *_look_at(process.pid)))
    if process.returncode not in (0, 3):  # the latter: some files cannot be read
        raise RuntimeError(f"autograder grade ended with status {process.returncode}.")
    return looks


def _look_at(pid: int) -> tuple[float, int]:
    """CPU seconds of a process and all that it started, ended ones included; its memory."""
    grader = psutil.Process(pid)
    every = [grader, *grader.children(recursive=True)]
    return cpu_time.seconds(every), grader.memory_info().rss


def _between(first: MemoryLook, last: MemoryLook) -> Cost:
    """CPU and wall seconds a submission between two looks."""
    count = last.reports - first.reports
    return Cost((last.cpu - first.cpu) / count, (last.seconds - first.seconds) / count)


def _long_run(looks: Sequence[MemoryLook], title: str) -> Table:
    table = _table(title, "reports", "a second", "CPU-seconds each", "grader's memory, MiB")
    before = MemoryLook(0, 0.0, 0.0, 0)
    for look in looks:
        cost = _between(before, look)
        table.add_row(
            f"{before.reports + 1} to {look.reports}",
            f"{1 / cost.wall:.2f}",
            f"{cost.cpu:.3f}",
            f"{look.resident / 2**20:.1f}",
        )
        before = look
    table.caption = "The first tenth holds the start of every process."
    return table


def _two_against_one(course: Course, unit: Unit, place: Path, pairs: int) -> Table:
    """The same submissions with one worker and with two, in turn; the first half is left out.

    In it falls what every worker does once.
    """
    generate(course, place / "pair", PAIR, unit.name)
    ratios = []
    for number in range(pairs):
        walls = {}
        for jobs in (1, 2) if number % 2 else (2, 1):
            results = place / f"pair {number} {jobs}"
            looks = grade(course, [unit], place / "pair", results, jobs, "--no-speed")
            walls[jobs] = _between(looks[TENTHS // 2 - 1], looks[-1]).wall
        ratios.append(walls[1] / walls[2])
    table = _table("Two workers against one, in turn", "pairs", "ratio", "from", "to")
    row = [statistics.median(ratios), min(ratios), max(ratios)]
    table.add_row(str(pairs), *(f"{ratio:.2f}" for ratio in row))
    return table


def _against_peers(
    course: Course,
    files: Sequence[Path],
    unit: Unit,
    place: Path,
    otter: Path | None,
    looks: Sequence[MemoryLook],
    warm: Cost,
) -> Table:
    title = f"CPU-seconds a submission of {unit.name}; the peers on {len(files)} of them"
    table = _table(title, "what", "CPU-seconds", "times ours")
    whole = looks[-1].cpu / looks[-1].reports
    table.add_row("here, warm", f"{warm.cpu:.3f}", "1")
    table.add_row("here, with the start", f"{whole:.3f}", f"{whole / warm.cpu:.1f}")
    others: dict[str, Callable[[Sequence[Path], Unit, Path], Cost]] = {
        "nbgrader autograde": peers.nbgrader,
        "otter run": peers.otter(otter),
        "pytest, a process each": functools.partial(peers.pytest_process, course.root),
    }
    for number, (name, measure) in enumerate(others.items()):
        try:
            cost = measure(files, unit, place / f"peer {number}")
        except Absent as reason:
            table.add_row(name, str(reason), "")
        else:
            table.add_row(name, f"{cost.cpu:.2f}", f"{cost.cpu / warm.cpu:.0f}")
    return table


def _table(title: str, *headings: str) -> Table:
    table = Table(title=title)
    for heading in headings:
        table.add_column(heading, justify="left" if heading == headings[0] else "right")
    return table
