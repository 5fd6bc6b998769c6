"""A student's local check: the public tests, as a short table and the first thing to fix."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from autograder.core.course import Course, Unit
from autograder.core.language import Language, Sentence, _, render, say, translations
from autograder.core.units import module
from autograder.local.limit import SECONDS
from autograder.local.looks import left, look
from autograder.local.own_process import Begins
from autograder.local.public_tests import run
from autograder.local.tally import Tally, all_pass, passes
from autograder.testing.direct import LocalBackend

WRITTEN = _("Over the course, %(count)s of %(total)s functions are written.")
NEXT = _("Next: `%(function)s` in %(file)s (%(title)s).")
HAND_IN = _("Next: run the tests of all units with `autograder check`, then `autograder handin`.")


def check_folder(
    course: Course,
    units: Sequence[Unit],
    console: Console,
    language: Language,
    begins: Begins = lambda test: None,
    limit: float = SECONDS,
) -> int:
    """Run the units' public tests and print what came of them; return an exit status.

    begins: called with the name of each test before it runs. limit: see Limit.
    """
    found = run(course, units, language, begins, [f"--limit={limit}"])
    found.show(units, console, language)
    _print_advice(course, units, found.tally, console, language)
    _print_progress(course, units, found.tally, console, language)
    return found.verdict(units)


def _print_progress(
    course: Course, units: Sequence[Unit], tally: Tally, console: Console, language: Language
) -> None:
    """Count what is written over the whole course; where all is well here, say what comes next."""
    looks = tally.looks or look(course, course.units)
    todo = [(one.unit, name) for one in looks for name in left(one)]
    every = sum(len(unit.exercises) for unit in course.units)
    told = [say(WRITTEN, count=every - len(todo), total=every)]
    if all_pass(units, tally):
        told.append(_next(*todo[0], language) if todo else say(HAND_IN))
    console.print()
    for sentence in told:
        console.print(render(sentence.facts, language), markup=False)


def _next(unit: Unit, name: str, language: Language) -> Sentence:
    title = unit.exercise(name).title.in_(language)
    return say(NEXT, function=name, file=f"exercises/{unit.name}.py", title=title)


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
                advice = (
                    backend.advise(unit.name, name, scaling, Draw("check")) for scaling in scalings
                )
                # What it prints was shown by the tests.
                with contextlib.redirect_stdout(io.StringIO()):
                    found = next(filter(None, advice), None)
            except Exception:  # of a student's program: for tests to tell
                continue
            if found:
                label = translations(language).gettext("Advice, no test:")
                console.print(Text.assemble(f"\n{label} ", (name, "bold"), f" · {unit.name}.py"))
                console.print(render(found.facts, language), markup=False)
