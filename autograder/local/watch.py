"""A student's check again at every save, in an interpreter that is warm before the save.

Each check has a process of its own. It was started at the save before, has imported torch and
pytest since, and waits for its unit.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from watchfiles import watch

from autograder.core.course import Course, Unit
from autograder.core.language import Language, Sentence, render, say, translations
from autograder.local.own_process import OwnProcess, Run, ignoring_interrupts

SUFFIXES = (".py", ".ipynb")
POLL_MS = 100  # how soon a process that died is missed; of a save we hear at once
QUIET_MS = 20  # without a further change a save is complete
SPARE = 1.0  # seconds after which the next process is made, verdict or not
LONG = 3  # times the limit of a test may a whole check take before it is called long


def _get_ready(language: Language) -> None:
    """What a process does before the save."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from autograder.local.public_tests import warm_up

    warm_up(language)


class Watch:
    """The units of a folder, checked as they are saved."""

    def __init__(
        self,
        course: Course,
        unit: Unit | None,
        check: Run,
        console: Console,
        language: Language,
        limit: float,
    ) -> None:
        """unit: the one to check, or None: the one that is saved. check: see OwnProcess.run.

        limit: seconds of computing that a test may take.
        """
        self._course = course
        self._unit = unit
        self._run = check
        self._console = console
        self._language = language
        self._limit = limit
        self._checked: Unit | None = None  # by the process that runs
        self._running: OwnProcess | None = None
        self._spare: OwnProcess | None = self._get_one_ready()
        self._told = False  # whether something was said of the running check

    def run(self) -> None:
        """Check at every save until Ctrl-C."""
        folder = self._course.root / "exercises"
        try:
            if self._unit:
                self._check(self._unit)
            else:
                self._say(say("Save a file in %(folder)s to check it.", folder=str(folder)))
            for changes in watch(
                folder,
                step=QUIET_MS,
                rust_timeout=POLL_MS,
                yield_on_timeout=True,
                recursive=False,
            ):
                if unit := self._unit_of(Path(path) for _, path in changes):
                    self._check(unit)
                self._look()
        except KeyboardInterrupt:
            pass
        finally:
            for process in filter(None, [self._running, self._spare]):
                process.stop()

    def _get_one_ready(self) -> OwnProcess:
        with ignoring_interrupts():  # inherited: Ctrl-C is for this process alone
            return OwnProcess(_get_ready, self._language)

    def _unit_of(self, paths: Iterable[Path]) -> Unit | None:
        """The unit that a save is about: the one asked for, or the one of the file."""
        stems = {path.stem.removeprefix("test_") for path in paths if path.suffix in SUFFIXES}
        saved = [unit for unit in self._course.units if unit.name in stems]
        return (self._unit or saved[0]) if saved else None

    def _check(self, unit: Unit) -> None:
        """Check a unit's files as they are now; what was under way is out of date."""
        if self._running:
            self._running.hear()
            if self._checked == unit and self._running.at is None:
                return  # it has read nothing yet: it will find the newest files
            self._running.stop()
        self._console.clear()
        now = time.strftime("%H:%M:%S")
        ends = translations(self._language).gettext("Ctrl-C ends")
        self._console.rule(f"[bold]{unit.name}[/] · {now} · {ends}", style="dim")
        self._running = self._spare or self._get_one_ready()
        self._spare, self._told, self._checked = None, False, unit
        self._running.run(self._run, self._course, [unit], self._language, self._limit)

    def _look(self) -> None:
        """See whether the running check has ended, with a verdict or without, or does not end."""
        if running := self._running:
            ended = running.ended  # first: what it told before it ended is then there
            running.hear()
            if ended:
                self._running = None
                if running.status is None:
                    self._print(running.lost(self._language))
                running.stop()
            elif running.seconds > LONG * self._limit > 0 and not self._told:
                self._told = True
                self._say(
                    say(
                        "No verdict after %(seconds)s seconds. Is there a loop that never ends? "
                        "It is at: %(test)s. The next save begins anew.",
                        seconds=round(running.seconds),
                        test=running.at,
                    )
                )
        if self._spare is None and (self._running is None or self._running.seconds > SPARE):
            self._spare = self._get_one_ready()

    def _say(self, told: Sentence) -> None:
        self._print(render(told.facts, self._language))

    def _print(self, words: str) -> None:
        self._console.print(words, style="yellow", markup=False)
