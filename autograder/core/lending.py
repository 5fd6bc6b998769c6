"""What is dear to make, kept warm and lent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from autograder.core.errors import GraderError


class Closable(Protocol):
    """What is ended by `close`, from whatever thread."""

    def close(self) -> None:
        """End it."""


Lent = TypeVar("Lent", bound=Closable)


class Lender(Generic[Lent]):
    """Lends each to one at a time, and makes another only where all are lent.

    idle_seconds: how long they are kept once the last one is back; by default until `close`.
    """

    def __init__(self, make: Callable[[], Lent], idle_seconds: float | None = None) -> None:
        self._make = make
        self._idle_seconds = idle_seconds
        self._lock = threading.Lock()
        self._made: list[Lent] = []
        self._free: list[Lent] = []
        self._timer: threading.Timer | None = None
        self._closed = False

    @contextmanager
    def borrow(self) -> Iterator[Lent]:
        """One that nobody else has meanwhile. Raises GraderError once this is closed."""
        with self._lock:
            lent = self._free.pop() if self._free else self._another()
        try:
            yield lent
        finally:
            with self._lock:
                if lent in self._made:
                    self._free.append(lent)
                    self._wait_for_others()

    def close(self) -> None:
        """End all of them, those that are lent too, and lend no more."""
        with self._lock:
            self._closed = True
            self._end(self._made)

    def _another(self) -> Lent:
        if self._closed:
            raise GraderError("Grading was stopped.")
        self._made.append(self._make())
        return self._made[-1]

    def _wait_for_others(self) -> None:
        if self._timer:
            self._timer.cancel()
        if self._idle_seconds is not None:
            self._timer = threading.Timer(self._idle_seconds, self._end_idle)
            self._timer.daemon = True
            self._timer.start()

    def _end_idle(self) -> None:
        with self._lock:
            self._end(self._free)

    def _end(self, some: list[Lent]) -> None:
        for one in list(some):
            one.close()
            self._made.remove(one)
        self._free.clear()
