"""How long things take on this machine just now."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

ROUNDS = 10_000_000
QUIET = 0.16  # seconds for so many rounds, on a quiet machine of the year 2024


def patience(seconds: float) -> float:
    """The seconds to wait for what takes so many at most on a quiet machine.

    Nothing is judged by it: it only ends what hangs. A machine that is busy, or slow, gets more.
    """
    start = time.perf_counter()
    for _ in range(ROUNDS):
        pass
    return seconds * max(1.0, (time.perf_counter() - start) / QUIET)


@contextmanager
def unless_it_hangs(seconds: float = 10.0) -> Iterator[None]:
    """Fail once so many seconds of this process's CPU time are spent inside.

    With no TimeoutError: that is an OSError, as what reads files expects and takes for theirs.
    """

    def end(*_: object) -> None:
        pytest.fail(f"It took more than {seconds} CPU-seconds.")

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
