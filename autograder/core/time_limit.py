"""An end to what may take for ever."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator


class _Stop(BaseException):
    """Time is up; no `except Exception` on the way holds it up."""


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Leave the block when it has used so many CPU-seconds of this process, in user mode."""

    def stop(*_: object) -> None:
        raise _Stop

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    except _Stop:
        pass
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
