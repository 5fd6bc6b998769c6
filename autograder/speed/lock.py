"""Turns on a GPU, where time is the wall clock's: one is timed, or many compute."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from autograder.core.errors import GraderError
from autograder.sandbox.isolate import GPUS
from autograder.sandbox.pretend import PRETEND
from autograder.speed.clock import Unmeasured

PATIENCE_SECONDS = 60.0  # for those who came before; each of them has some seconds at most
QUEUE = f"Other timings kept this machine's GPU for more than {PATIENCE_SECONDS:g} seconds."


def alone(device: str) -> AbstractContextManager[None]:
    """Hold a GPU for one timed call, whatever grader of this user wants it too.

    On the CPU nobody has to wait: time there is what the kernel charges to a process. Raises
    Unmeasured if the turn does not come in time.
    """
    return _turn(device, fcntl.LOCK_EX)


def shared(device: str) -> AbstractContextManager[None]:
    """Hold off timings on a GPU, but nothing else, for a call that nobody times."""
    return _turn(device, fcntl.LOCK_SH)


@contextlib.contextmanager
def _turn(device: str, kind: int) -> Iterator[None]:
    """Wait at the door, where there is room for one, and then for those inside.

    Whoever waits to be alone is at the door, so nobody who came later is before them.
    """
    if device in ("cpu", PRETEND):
        yield
        return
    deadline = time.monotonic() + PATIENCE_SECONDS
    with contextlib.ExitStack() as inside:
        name = _name(device)
        with _locked(f"{name}-door", fcntl.LOCK_EX, deadline):
            inside.enter_context(_locked(name, kind, deadline))
        yield


def _name(device: str) -> str:
    """A lock's name: of several GPUs in a machine each has its own.

    A program's `cuda` is the first of those that may be used, named here as the environment does.
    """
    first = os.environ.get(GPUS, "").partition(",")[0].strip() or "0"
    return f"{device}-{re.sub(r'[^A-Za-z0-9-]', '_', first)[:100]}"


@contextlib.contextmanager
def _locked(name: str, kind: int, deadline: float) -> Iterator[None]:
    """A lock on a file; the kernel gives it back when its holder dies."""
    descriptor = os.open(folder() / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        while not _taken(descriptor, kind):
            if time.monotonic() > deadline:
                raise Unmeasured(QUEUE)
            time.sleep(0.002)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def folder() -> Path:
    """A folder that all graders of this user on this machine know, and that nobody else can make.

    In /tmp, anybody could take its name. Raises GraderError where there is no such place.
    """
    runtime = Path("/run/user") / str(os.getuid())
    place = runtime if os.access(runtime, os.W_OK) else Path.home() / ".cache"
    # A home may be shared by machines.
    found = place / "attention-autograder" / socket.gethostname()
    try:
        found.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise GraderError(f"{found}, for turns on a GPU, cannot be made: {error}") from error
    return found
