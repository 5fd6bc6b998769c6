"""A student's local check: the public tests, as a short table and the first thing to fix."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from autograder.course import Course, Unit
from autograder.student import LocalBackend

QUIET = "-q --no-header --no-summary -p no:cacheprovider --import-mode=importlib".split()


class Tally:
    """Counts a run's tests by exercise and keeps each one's first failure."""

    def __init__(self) -> None:
        self.passed: dict[tuple[str, str], int] = {}
        self.total: dict[tuple[str, str], int] = {}
        self.failure: dict[tuple[str, str], tuple[str, str]] = {}
        self._exercise: dict[str, tuple[str, str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Learn which exercise each test belongs to."""
        for item in items:
            mark = item.get_closest_marker("exercise")
            if mark:
                unit = item.path.stem.removeprefix("test_")
                self._exercise[item.nodeid] = (unit, mark.args[0])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test once, and keep the first failure of its exercise."""
        where = self._exercise.get(report.nodeid)
        if where is None or (report.when != "call" and not report.failed):
            return
        self.total[where] = self.total.get(where, 0) + 1
        if report.passed:
            self.passed[where] = self.passed.get(where, 0) + 1
        elif where not in self.failure:
            test = report.nodeid.rpartition("::")[2]
            self.failure[where] = (test, str(report.longrepr).strip())


def check_folder(course: Course, units: Sequence[Unit], console: Console) -> int:
    """Run the units' public tests; return pytest's exit status."""
    folder = course.root / "exercises"
    tests = [folder / f"test_{unit.name}.py" for unit in units]
    tally = Tally()
    with contextlib.redirect_stdout(io.StringIO()) as output:
        code = pytest.main([*QUIET, f"--rootdir={folder}", *map(str, tests)], [tally])
    if not tally.total:
        console.print(output.getvalue(), markup=False)
        return int(code)
    console.print(_table(units, tally))
    _first_failure(units, tally, folder, console)
    _print_advice(units, tally, folder, console)
    return int(code)


def _table(units: Sequence[Unit], tally: Tally) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "unit", "exercise"):
        table.add_column(heading)
    table.add_column("public tests", justify="right")
    table.add_column("points", justify="right")
    for unit in units:
        for exercise in unit.exercises:
            where = (unit.name, exercise.name)
            total, passed = tally.total.get(where, 0), tally.passed.get(where, 0)
            mark = "[green]ok[/]" if total and passed == total else "[red]no[/]"
            points = str(sum(exercise.points.values()))
            table.add_row(mark, unit.name, exercise.name, f"{passed} of {total}", points)
    return table


def _first_failure(units: Sequence[Unit], tally: Tally, folder: Path, console: Console) -> None:
    order = [(unit.name, exercise.name) for unit in units for exercise in unit.exercises]
    first = next((where for where in order if where in tally.failure), None)
    if first is None:
        console.print(
            "Every public test passes. Hidden tests look closer: other sizes, other values."
        )
        return
    test, message = tally.failure[first]
    console.print(f"\nFix first: [bold]{first[1]}[/] in {folder.name}/{first[0]}.py  ({test})")
    console.print(message, markup=False)


def _print_advice(units: Sequence[Unit], tally: Tally, folder: Path, console: Console) -> None:
    """Count what finished functions ask of torch as sizes double: no clock is trusted here."""
    from autograder.draw import Draw
    from autograder.speed import WALKS

    backend = LocalBackend(folder)
    for unit in units:
        for name, walks in WALKS.get(unit.name, {}).items():
            where = (unit.name, name)
            if where not in tally.passed or where in tally.failure:
                continue
            try:  # one loop is told once, along whichever size it is found first
                advice = (backend.advise(*where, walk, Draw(0)) for walk in walks)
                found = next(filter(None, advice), "")
            except Exception:  # of a student's program: for tests to tell
                continue
            if found:
                console.print(f"\nAdvice, no test: [bold]{name}[/] in {folder.name}/{unit.name}.py")
                console.print(found, markup=False)
