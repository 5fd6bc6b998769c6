"""A student's local check: the public tests, as a short table and the first thing to fix."""

from __future__ import annotations

import contextlib
import gc
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.attended import Begins
from autograder.course import Course, CourseError, Unit, find_root, load
from autograder.plugin import TALLY, Tally, Told
from autograder.student import LocalBackend
from autograder.wording import Language, _, render, say, translations

QUIET = "-q --no-header --no-summary --tb=no --import-mode=importlib -p no:cacheprovider".split()
# Each of these collects garbage at the end, which costs 0.2 s in a process that holds torch.
QUIET += "-p no:unraisableexception -p no:threadexception -p no:logging -p no:faulthandler".split()
PRINTED = 10  # lines of what a program had printed


class Keeper:
    """The pytest plugin that hands the tally out."""

    tally: Tally

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Keep what the run has counted."""
        self.tally = session.config.stash[TALLY]


@dataclass(frozen=True)
class Announcer:
    """The pytest plugin that says which test begins."""

    begins: Begins

    def pytest_runtest_logstart(self, location: tuple[str, int | None, str]) -> None:
        """Say the test's name."""
        self.begins(location[2])


def warm_up(language: Language) -> None:
    """Import what a check needs, and what torch and pytest import when they are first used."""
    from autograder import explain, speed  # noqa: F401
    from autograder.sandbox import evaluate

    translations(language)
    one = torch.ones(1)
    evaluate.vjp(torch.square, [one], {}, [one])  # imports a whole algebra system
    with tempfile.TemporaryDirectory() as empty, contextlib.redirect_stdout(io.StringIO()):
        pytest.main([*QUIET, f"--rootdir={empty}", empty])
    gc.freeze()


def check_folder(
    course: Course,
    units: Sequence[Unit],
    console: Console,
    language: Language,
    begins: Begins = lambda test: None,
) -> int:
    """Run the units' public tests and print what came of them; return pytest's exit status.

    begins: called with the name of each test before it runs.
    """
    torch.set_num_threads(1)  # the tests are small: threads would only wait for one another
    folder = course.root / "exercises"
    tests = [str(folder / f"test_{unit.name}.py") for unit in units]
    keeper = Keeper()
    arguments = [*QUIET, f"--rootdir={folder}", f"--lang={language}", *tests]
    with contextlib.redirect_stdout(io.StringIO()) as output:
        code = pytest.main(arguments, [keeper, Announcer(begins)])
    if not keeper.tally.total:
        console.print(output.getvalue(), markup=False)
        return int(code)
    show(keeper.tally, units, console, language)
    _print_advice(units, keeper.tally, folder, console, language)
    return int(code)


def summary(tally: Tally, language: Language, width: int, colour: bool) -> str:
    """What `show` prints, for the end of a plain pytest; nothing where no course is found."""
    try:
        course = load(find_root(tally.folder))
    except CourseError:
        return ""
    units = [u for u in course.units if any(unit == u.name for unit, _ in tally.total)]
    text = io.StringIO()
    console = Console(
        file=text, force_terminal=colour, no_color=not colour, width=width, highlight=False
    )
    show(tally, units, console, language)
    return text.getvalue()


def show(tally: Tally, units: Sequence[Unit], console: Console, language: Language) -> None:
    """Print the table of exercises and the first thing to fix."""
    console.print(_table(units, tally, language))
    passed, every = points(units, tally)
    told = say(
        "The public tests pass for %(passed)s of %(points)s points.", passed=passed, points=every
    )
    console.print(f"\n{render(told.facts, language)}")
    order = [(unit.name, exercise.name) for unit in units for exercise in unit.exercises]
    failed = [where for where in order if where in tally.failure]
    if failed:
        first = next((where for where in failed if tally.failure[where].written), failed[0])
        _first_failure(first[1], f"{first[0]}.py", tally.failure[first], console, language)
    else:
        said = translations(language).gettext
        console.print(said("Every one passes. Hidden tests look closer: other sizes and values."))


def _table(units: Sequence[Unit], tally: Tally, language: Language) -> Table:
    said = translations(language).gettext
    table = Table(box=None, pad_edge=False)
    for heading in ("", said("unit"), said("exercise")):
        table.add_column(heading)
    for heading in (_("public tests"), _("worth")):
        table.add_column(said(heading), justify="right")
    for unit in units:
        for exercise in unit.exercises:
            where = (unit.name, exercise.name)
            total, passed = tally.total.get(where, 0), tally.passed.get(where, 0)
            mark = Text(said("ok"), "green") if passes(tally, where) else Text(said("no"), "red")
            counts = render(say("%(full)s of %(count)s", full=passed, count=total).facts, language)
            worth = str(sum(exercise.points.values()))
            table.add_row(mark, unit.name, exercise.name, counts, worth)
    return table


def passes(tally: Tally, where: tuple[str, str]) -> bool:
    """Whether an exercise has public tests and passes all of them."""
    return 0 < tally.total.get(where, 0) == tally.passed.get(where, 0)


def points(units: Sequence[Unit], tally: Tally) -> tuple[int, int]:
    """The points of the exercises whose public tests all pass, and of all."""
    worth = {
        (unit.name, exercise.name): sum(exercise.points.values())
        for unit in units
        for exercise in unit.exercises
    }
    return sum(n for where, n in worth.items() if passes(tally, where)), sum(worth.values())


def _first_failure(
    exercise: str, file: str, told: Told, console: Console, language: Language
) -> None:
    said = translations(language).gettext
    console.print()
    console.print(
        Text.assemble(
            (said("Fix first:"), "bold red"), " ", (exercise, "bold"), f" · {file} · {told.test}"
        )
    )
    console.print(told.text, markup=False)
    lines = told.printed.rstrip().splitlines()
    if lines:
        console.print(said("Your program printed:"), style="dim")
        for line in lines[-PRINTED:]:
            console.print(f"  {line}", markup=False, style="dim")


def _print_advice(
    units: Sequence[Unit], tally: Tally, folder: Path, console: Console, language: Language
) -> None:
    """Count what finished functions ask of torch as sizes double: no clock is trusted here."""
    from autograder.draw import Draw
    from autograder.speed import WALKS

    backend = LocalBackend(folder)
    for unit in units:
        for name, walks in WALKS.get(unit.name, {}).items():
            if not passes(tally, (unit.name, name)):
                continue
            try:  # one loop is told once, along whichever size it is found first
                advice = (backend.advise(unit.name, name, walk, Draw(0)) for walk in walks)
                found = next(filter(None, advice), None)
            except Exception:  # of a student's program: for tests to tell
                continue
            if found:
                label = translations(language).gettext("Advice, no test:")
                console.print(Text.assemble(f"\n{label} ", (name, "bold"), f" · {unit.name}.py"))
                console.print(render(found.facts, language), markup=False)
