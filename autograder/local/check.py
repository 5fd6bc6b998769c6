"""A student's local check: the public tests, as a short table and the first thing to fix."""

from __future__ import annotations

import contextlib
import gc
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch
from rich.console import Console
from rich.text import Text

from autograder.core.course import Course, Unit
from autograder.core.language import Language, render, translations
from autograder.core.units import module
from autograder.local.own_process import Begins
from autograder.local.tally import TALLY, Tally, passes, show
from autograder.testing.direct import LocalBackend

QUIET = "-q --no-header --no-summary --tb=no --import-mode=importlib -p no:cacheprovider".split()
# Each of these collects garbage at the end, which costs 0.2 s in a process that holds torch.
QUIET += "-p no:unraisableexception -p no:threadexception -p no:logging -p no:faulthandler".split()


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
    from autograder.sandbox import evaluate
    from autograder.testing import parallel  # noqa: F401

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
    _print_advice(course, units, keeper.tally, console, language)
    return int(code)


def _print_advice(
    course: Course, units: Sequence[Unit], tally: Tally, console: Console, language: Language
) -> None:
    """Count what finished functions ask of torch as sizes double: no clock is trusted here."""
    from autograder.testing.inputs import Draw

    backend = LocalBackend(course.root / "exercises")
    for unit in units:
        by_exercise = getattr(module(course.root, unit.name, "public.loops"), "SCALINGS", {})
        for name, scalings in by_exercise.items():
            if not passes(tally, (unit.name, name)):
                continue
            try:  # one loop is told once, along whichever size it is found first
                advice = (backend.advise(unit.name, name, scaling, Draw(0)) for scaling in scalings)
                found = next(filter(None, advice), None)
            except Exception:  # of a student's program: for tests to tell
                continue
            if found:
                label = translations(language).gettext("Advice, no test:")
                console.print(Text.assemble(f"\n{label} ", (name, "bold"), f" · {unit.name}.py"))
                console.print(render(found.facts, language), markup=False)
