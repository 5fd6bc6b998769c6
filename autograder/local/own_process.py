"""A run of the public tests in a process of its own: what ends it before its verdict is told.

Nothing of a program is left for the next run, and what crashes or never ends is only that process.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

from rich.console import Console

from autograder.core.language import Language, _, render, say
from autograder.core.text import clean

ENDED = _("No verdict: the program ended or crashed (exit status %(status)s). It was at: %(test)s")
STOPPED = _("Interrupted: no verdict. It was at: %(test)s")
INTERRUPTED = 130  # the exit status that shells give for Ctrl-C
Begins = Callable[[str], None]  # takes the name of the test that begins
Run = Callable[..., int]  # takes its arguments and a Begins; returns an exit status
LEAVE_SECONDS = 30.0  # after Ctrl-C, to say where it was; a second one ends it at once
MOST_BYTES = 1 << 12  # of a word


class OwnProcess:
    """A process that gets ready, runs something once it is asked to, and ends.

    at: the test that it is at; empty before the first one, and None while nothing is begun.
    status: the exit status that it has told; None until then.
    """

    def __init__(self, get_ready: Callable[..., object] | None = None, *arguments: Any) -> None:
        """Start it. get_ready: a function of a module that imports little; see `run`."""
        context = multiprocessing.get_context("spawn")  # works on every system
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, get_ready, arguments))
        self._process.start()
        theirs.close()
        self.at: str | None = None
        self.status: int | None = None
        self._began = 0.0

    def run(self, run: Run, *arguments: Any) -> None:
        """Let it run something, as soon as it is ready.

        run: a function of a module that imports little, since this process imports that too.
        """
        with contextlib.suppress(OSError):  # it died while it got ready: `ended` tells
            self._connection.send((run, arguments))

    def hear(self, seconds: float | None = 0.0) -> None:
        """Take in what it tells until its status, or until it is silent for so long (None: at all).

        What it tells is bytes, and may be anything: a student's program runs there.
        """
        with contextlib.suppress(EOFError, OSError, ValueError):
            while self.status is None and self._connection.poll(seconds):
                word = self._connection.recv_bytes(MOST_BYTES).decode(errors="replace")
                what, _, told = word.partition(" ")
                self._began = self._began or time.monotonic()
                if what == "begins":
                    self.at = clean(told)
                else:
                    self.status = int(told)

    @property
    def seconds(self) -> float:
        """How long it has been at it, without the time that it took to get ready."""
        return time.monotonic() - self._began if self._began else 0.0

    @property
    def ended(self) -> bool:
        """Whether it has, with a verdict or without."""
        return self._process.exitcode is not None

    def lost(self, language: Language) -> str:
        """What to say of one that has ended without a verdict."""
        told = say(ENDED, status=self._process.exitcode, test=self.at or "")
        return render(told.facts, language)

    def interrupted(self, language: Language) -> str:
        """What to say of one that was ended before its verdict."""
        return render(say(STOPPED, test=self.at or "–").facts, language)

    def stop(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.join()
        self._connection.close()


def _serve(connection: Connection, get_ready: Run | None, arguments: tuple[Any, ...]) -> None:
    """What the process does."""
    if get_ready:
        get_ready(*arguments)
    try:
        run, asked = connection.recv()  # from our own side, before any student's program runs
    except EOFError:  # which has ended
        return
    threading.Thread(target=_end_with_the_parent, args=(connection,), daemon=True).start()

    def begins(test: str) -> None:
        connection.send_bytes(f"begins {test}".encode())

    begins("")
    with contextlib.suppress(KeyboardInterrupt):  # before the first test, or after the last
        status = run(*asked, begins)
        sys.stdout.flush()  # whoever hears the verdict may end this process at once
        connection.send_bytes(f"ended {status}".encode())


def _end_with_the_parent(connection: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        connection.recv_bytes()
    os._exit(1)


@contextlib.contextmanager
def ignoring_interrupts() -> Iterator[None]:
    """Ctrl-C does nothing, nor does it in a process that is started meanwhile."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def in_own_process(run: Run, *arguments: Any, console: Console, language: Language) -> int:
    """Run something in a process of its own; return its exit status, or 1 where it gave none.

    run: see OwnProcess.run. After Ctrl-C, which is for both, it may still say where it was.
    """
    with ignoring_interrupts():  # a Python that is interrupted while it starts shows its imports
        process = OwnProcess(_heed_interrupts)
    interrupted = False
    try:
        process.run(run, *arguments)
        process.hear(None)
    except KeyboardInterrupt:
        interrupted = True
        if process.at is not None:  # else it may not have heard of it
            process.hear(LEAVE_SECONDS)
    finally:
        process.stop()
    if process.status is None:
        told = process.interrupted(language) if interrupted else process.lost(language)
        console.print(told, style="yellow", markup=False)
    return INTERRUPTED if interrupted else 1 if process.status is None else process.status
