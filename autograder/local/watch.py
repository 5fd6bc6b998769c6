"""A student's check again at every save, in an interpreter that is warm before the save.

Each check has a process of its own, so that nothing of a program is left for the next one, and
what crashes or never ends is only that process. It was started at the save before, has imported
torch and pytest since, and waits for its unit: no fork is needed, so it works on every system.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from rich.console import Console
from watchfiles import watch

from autograder.core.course import Course, Unit
from autograder.core.language import Language, Sentence, render, say, translations
from autograder.local.own_process import ENDED

POLL_MS = 100  # how soon a process that died is missed; of a save we hear at once
QUIET_MS = 20  # without a further change a save is complete
SPARE = 1.0  # seconds after which the next process is made, verdict or not
LONG = 10.0  # seconds after which a check is called long
BEGUN, DONE = "begun", "done"


class Checker:
    """A process that gets ready, checks one unit, and ends."""

    def __init__(self, course: Course, language: Language) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        arguments = (theirs, course, language)
        self._process = context.Process(target=_check_one_unit, args=arguments, daemon=True)
        with _ignoring_interrupts():  # inherited: Ctrl-C is for the parent alone
            self._process.start()
        theirs.close()
        self.unit: Unit | None = None
        self.news = ""  # BEGUN, the test that it is at, or DONE
        self._began = 0.0

    def check(self, unit: Unit) -> None:
        """Let it check a unit, as soon as it is ready."""
        self.unit = unit
        with contextlib.suppress(OSError):  # it died while it got ready: `ended` tells
            self._connection.send(unit)

    def hear(self) -> None:
        """Take in what it has told since."""
        with contextlib.suppress(EOFError, OSError):
            while self._connection.poll():
                self.news = self._connection.recv()
                self._began = self._began or time.monotonic()

    @property
    def seconds(self) -> float:
        """How long it has been at its unit, without the time that it took to get ready."""
        return time.monotonic() - self._began if self._began else 0.0

    @property
    def ended(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.exitcode

    def stop(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.join()
        self._connection.close()


@contextlib.contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _check_one_unit(connection: Connection, course: Course, language: Language) -> None:
    """What a Checker's process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    from autograder.local.check import check_folder, warm_up

    warm_up(language)
    try:
        unit = connection.recv()
    except EOFError:  # the parent ended
        return
    threading.Thread(target=_end_with_the_parent, args=(connection,), daemon=True).start()
    connection.send(BEGUN)
    check_folder(course, [unit], Console(highlight=False), language, connection.send)
    connection.send(DONE)


def _end_with_the_parent(connection: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        connection.recv()
    os._exit(1)


class Watch:
    """The units of a folder, checked as they are saved."""

    def __init__(
        self, course: Course, unit: Unit | None, console: Console, language: Language
    ) -> None:
        self._course = course
        self._unit = unit
        self._console = console
        self._language = language
        self._running: Checker | None = None
        self._spare: Checker | None = Checker(course, language)
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
            for checker in filter(None, [self._running, self._spare]):
                checker.stop()

    def _unit_of(self, paths: Iterable[Path]) -> Unit | None:
        """The unit that a save is about: the one asked for, or the one of the file."""
        stems = {path.stem.removeprefix("test_") for path in paths if path.suffix == ".py"}
        saved = [unit for unit in self._course.units if unit.name in stems]
        return (self._unit or saved[0]) if saved else None

    def _check(self, unit: Unit) -> None:
        """Check a unit's files as they are now; what was under way is out of date."""
        if self._running:
            self._running.hear()
            if self._running.unit == unit and not self._running.news:
                return  # it has read nothing yet: it will find the newest files
            self._running.stop()
        self._console.clear()
        now = time.strftime("%H:%M:%S")
        ends = translations(self._language).gettext("Ctrl-C ends")
        self._console.rule(f"[bold]{unit.name}[/] · {now} · {ends}", style="dim")
        self._running = self._spare or Checker(self._course, self._language)
        self._spare, self._told = None, False
        self._running.check(unit)

    def _look(self) -> None:
        """See whether the running check has ended, with a verdict or without, or does not end."""
        if running := self._running:
            status = running.ended  # first: what it told before it ended is then there
            running.hear()
            if status is not None:
                self._running = None
                if running.news != DONE:
                    self._say(say(ENDED, status=status, test=running.news))
                running.stop()
            elif running.seconds > LONG and not self._told:
                self._told = True
                self._say(
                    say(
                        "No verdict after %(seconds)s seconds. Is there a loop that never ends? "
                        "It is at: %(test)s. The next save begins anew.",
                        seconds=round(LONG),
                        test=running.news,
                    )
                )
        if self._spare is None and (self._running is None or self._running.seconds > SPARE):
            self._spare = Checker(self._course, self._language)

    def _say(self, told: Sentence) -> None:
        self._console.print(render(told.facts, self._language), style="yellow", markup=False)
