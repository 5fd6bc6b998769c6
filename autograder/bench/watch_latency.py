"""How soon a student sees what came of a save: `watch`, beside `check` and plain pytest."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rich.console import Console
from rich.table import Table

from autograder.core.course import Course, Unit
from autograder.local.tally import PASSED

VERDICT = PASSED.partition("%")[0]
PAUSE = 6.0  # seconds between two saves, as between two thoughts
# Their commands.
STUDENTS = [sys.executable, "-c", "from autograder.local.commands import app; app()"]
COPIED = ["course.toml", "known_mistakes.json"]


def watch(course: Course, unit: Unit, rounds: int, console: Console) -> None:
    """Print the medians from a save to its verdict, each kind in turn, in one run."""
    with tempfile.TemporaryDirectory() as folder:
        file = students_copy(course, Path(folder), unit)
        pytest = [sys.executable, "-m", "pytest", "-q", f"test_{unit.name}.py"]
        check = [*STUDENTS, "check", unit.name]
        kinds: dict[str, list[float]] = {"watch": [], "check": [], "pytest": []}
        with _watching(unit, file.parent) as output:
            for _ in range(rounds):
                time.sleep(PAUSE)
                kinds["watch"].append(_save_to_verdict(file, output))
                time.sleep(PAUSE)
                kinds["check"].append(_run(check, file.parent))
                kinds["pytest"].append(_run(pytest, file.parent))
    table = Table(title=f"From a save of {file.name} to its verdict, {rounds} saves, in seconds")
    table.add_column("")
    for heading in ("median", "worst", "times watch's"):
        table.add_column(heading, justify="right")
    ours = statistics.median(kinds["watch"])
    for name, seconds in kinds.items():
        median = statistics.median(seconds)
        table.add_row(name, f"{median:.2f}", f"{max(seconds):.2f}", f"{median / ours:.1f}")
    console.print(table)


def students_copy(course: Course, folder: Path, unit: Unit) -> Path:
    """A student's folder with the unit solved; returns the unit's file."""
    shutil.copytree(course.root / "exercises", folder / "exercises")
    shutil.copytree(course.root / "course" / "parameters", folder / "course" / "parameters")
    for name in COPIED:
        shutil.copy(course.root / "course" / name, folder / "course")
    name = f"{unit.name}.py"
    return Path(shutil.copy(course.root / "solutions" / name, folder / "exercises" / name))


@contextmanager
def _watching(unit: Unit, folder: Path) -> Iterator[IO[str]]:
    """A running `watch` that has given its first verdict; its output."""
    command = [*STUDENTS, "watch", unit.name, "--lang", "en"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            _until_verdict(process.stdout)
            yield process.stdout
        finally:
            process.terminate()


def _save_to_verdict(file: Path, output: IO[str]) -> float:
    text = file.read_bytes()
    start = time.perf_counter()
    file.write_bytes(text)
    _until_verdict(output)
    return time.perf_counter() - start


def _until_verdict(output: IO[str]) -> None:
    for line in output:
        if line.startswith(VERDICT):
            return
    raise RuntimeError("watch ended without a verdict")


def _run(command: list[str], folder: Path) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    return time.perf_counter() - start
