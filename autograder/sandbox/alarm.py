"""Stops a statement that takes too long while a submission is loaded, from within its process.

What blocks the signal, catches the exception or never leaves C is ended from outside instead.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import signal
import time
from types import CodeType, FrameType
from typing import Any

WAITS = 6  # times its CPU seconds may a statement take on the wall: it may sleep
AGAIN = 0.25  # seconds, where the program caught the exception
AT_LEAST = 0.2  # seconds for each statement, once the load's own are used up
_TIMERS = {}
if hasattr(signal, "setitimer"):  # not on Windows, where a student's own desk may be
    _TIMERS[signal.ITIMER_PROF] = (signal.SIGPROF, 1)
    _TIMERS[signal.ITIMER_REAL] = (signal.SIGALRM, WAITS)


class Stopped(BaseException):
    """A statement took longer than it may; no `except Exception` holds it."""


def install() -> None:
    """Have the signals of both clocks raise Stopped."""
    for number, _ in _TIMERS.values():
        if signal.getsignal(number) is not _ring:
            signal.signal(number, _ring)


def _ring(number: int, frame: FrameType | None) -> None:
    """Raise Stopped in the code that runs; not in this file's own, which is about to end it."""
    if frame and frame.f_code.co_filename != __file__:
        raise Stopped


class Alarm:
    """Runs code and stops what takes too long. Code that runs other code: each has its own time.

    statement: CPU seconds of this process for one piece of code. load: for all of it together.
    """

    def __init__(self, statement: float, load: float) -> None:
        self._statement = statement
        self._end = time.process_time() + load
        self._running = 0
        install()

    def run(self, code: CodeType, names: dict[str, Any]) -> None:
        """Run a module's code; where it awaits at its top level, in the event loop of all such.

        Raises Stopped, and whatever the code raises.
        """
        self._running += 1
        self._set()
        try:
            value = eval(code, names)
            if inspect.iscoroutine(value):
                self._awaiting.run(value)
        finally:
            self._running -= 1
            self._set()

    def run_again(self, code: CodeType, names: dict[str, Any]) -> None:
        """Run what is run once more if it fails: what that takes does not count for the load."""
        start = time.process_time()
        try:
            self.run(code, names)
        except BaseException:
            self._end += time.process_time() - start
            raise

    @functools.cached_property
    def _awaiting(self) -> asyncio.Runner:
        return asyncio.Runner()

    def _set(self) -> None:
        """Start the clocks for the code that goes on now; stop them where none does."""
        left = max(AT_LEAST, min(self._statement, self._end - time.process_time()))
        for timer, (_, times) in _TIMERS.items():
            signal.setitimer(timer, left * times if self._running else 0.0, AGAIN)
