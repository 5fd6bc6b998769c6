"""A limit of computing for one test: what does not end is stopped, at a line that can be told.

A signal stops it where the system has clocks that send one; on Windows a thread watches the time.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType

SECONDS = 10.0  # of CPU, for one public test
AGAIN = 0.25  # seconds, where the program caught the exception
TRIES = 20  # so many times; then the process is ended
HAS_CLOCKS = hasattr(signal, "setitimer")
DEBUGGERS = ("pydevd", "debugpy")


class TooLong(BaseException):
    """A test computed longer than it may; no `except Exception` holds it."""


class Limit:
    """Raises TooLong in its block once that took `seconds` of CPU, or six times as long.

    stubborn: called with where the program is that catches TooLong again and again. by_signal:
    whether the system's clocks are used; elsewhere, and beside the main thread, a thread watches.
    """

    def __init__(
        self,
        seconds: float,
        stubborn: Callable[[FrameType | None], object] = lambda frame: None,
        by_signal: bool = HAS_CLOCKS,
    ) -> None:
        self.seconds = seconds
        self._stubborn = stubborn
        self._clock = _Signals if by_signal and _is_main_thread() else _Watcher
        self._running: _Signals | _Watcher | None = None
        self._rings = 0

    def __enter__(self) -> Limit:
        self._rings = 0
        if self.seconds > 0 and not debugged():
            self._running = self._clock(self.seconds, self._ring)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Let it take its time from now on, as one who looks at it with a debugger does."""
        running, self._running = self._running, None
        if running:
            running.stop()

    def _ring(self, frame: FrameType | None) -> None:
        """Count how often it was asked to end; one that never does is ended with its process."""
        self._rings += 1
        if self._rings > TRIES:
            self._stubborn(frame)
            os._exit(1)


class Pause:
    """Stops a limit in its block, which has limits of its own; then it begins anew."""

    def __init__(self, limit: Limit | None) -> None:
        self._limit = limit

    def __enter__(self) -> None:
        if self._limit:
            self._limit.stop()

    def __exit__(
        self, kind: type[BaseException] | None, error: object, at: TracebackType | None
    ) -> None:
        if self._limit:
            self._limit.__enter__()


class _Signals:
    def __init__(self, seconds: float, ring: Callable[[FrameType | None], None]) -> None:
        self._clocks = {
            signal.ITIMER_PROF: (signal.SIGPROF, seconds),
            signal.ITIMER_REAL: (signal.SIGALRM, _on_the_wall(seconds)),
        }
        self._over = False

        def handle(number: int, frame: FrameType | None) -> None:
            # Nothing is raised in this file, which is about to stop the clock.
            if not self._over and frame and frame.f_code.co_filename != __file__:
                ring(frame)
                raise TooLong

        for clock, (number, first) in self._clocks.items():
            signal.signal(number, handle)  # and it stays: a signal may still be on its way
            signal.setitimer(clock, first, AGAIN)

    def stop(self) -> None:
        self._over = True
        for clock in self._clocks:
            signal.setitimer(clock, 0)


class _Watcher:
    def __init__(self, seconds: float, ring: Callable[[FrameType | None], None]) -> None:
        self._ends = time.process_time() + seconds, time.monotonic() + _on_the_wall(seconds)
        self._ring = ring
        self._thread = threading.get_ident()
        self._lock = threading.Lock()
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while not self._over.wait(AGAIN):
            if time.process_time() < self._ends[0] and time.monotonic() < self._ends[1]:
                continue
            with self._lock:
                if not self._over.is_set():
                    self._ring(sys._current_frames().get(self._thread))
                    _raise_in(self._thread, TooLong)

    def stop(self) -> None:
        with self._lock:
            self._over.set()
            _raise_in(self._thread, None)  # what was not raised yet never is


def _on_the_wall(seconds: float) -> float:
    from autograder.core.course import WALL_TIMES  # which no `--help` needs

    return seconds * WALL_TIMES


def _raise_in(thread: int, error: type[BaseException] | None) -> None:
    """Have an exception raised in a thread once it runs Python code; None: none any more."""
    import ctypes

    raised = ctypes.py_object(error) if error else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), raised)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def debugged() -> bool:
    """Whether a debugger looks at this process: a program then stands still for minutes."""
    watched = sys.gettrace() is not None or any(name in sys.modules for name in DEBUGGERS)
    monitoring = getattr(sys, "monitoring", None)  # from Python 3.12 on
    return watched or bool(monitoring and monitoring.get_tool(monitoring.DEBUGGER_ID))
