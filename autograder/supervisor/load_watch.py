"""Watches the loading of a submission from outside: for statements that nothing inside can stop."""

from __future__ import annotations

from autograder.sandbox.wire import Position
from autograder.supervisor.child import Child, ChildOutOfCpu

GRACE = 1.0  # CPU-seconds for what stops a statement from within
ENDED = 4  # so many processes may end while they load a submission: at a file, and three statements


class LoadWatch:
    """Gives a statement up that goes on longer than what would have stopped it inside."""

    def __init__(self, child: Child, seconds: float) -> None:
        """seconds: of CPU time, that a statement may take."""
        self._child = child
        self._seconds = seconds
        self._at: Position | None = None
        self._since = 0.0  # on the process's clock

    def __call__(self) -> None:
        """Look where the process is, and at its clock. Raises ChildOutOfCpu, or ChildDied."""
        at, now = self._child.at(), self._child.cpu_seconds()
        if at != self._at:
            self._at, self._since = at, now
        if now - self._since > self._seconds + GRACE:
            raise ChildOutOfCpu(self._seconds)
