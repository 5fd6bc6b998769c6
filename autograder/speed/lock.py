"""One timing at a time on a machine, or on a GPU."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from autograder.core.errors import GraderError
from autograder.speed.clock import PATIENCE_SECONDS, QUEUE, Unmeasured


@contextlib.contextmanager
def alone(device: str, deadline: float) -> Iterator[None]:
    """Hold this machine's lock on timings, whatever grader of this user wants it too.

    deadline: on the monotonic clock. Raises Unmeasured if the lock does not come in time.
    """
    with _locked("core", fcntl.LOCK_EX, deadline), contextlib.ExitStack() as stack:
        if device == "cuda":
            stack.enter_context(_locked("gpu", fcntl.LOCK_EX, deadline))
        yield


def shared() -> AbstractContextManager[None]:
    """Hold off timings on the GPU, but nothing else, for a call that nobody times."""
    return _locked("gpu", fcntl.LOCK_SH, time.monotonic() + PATIENCE_SECONDS)


@contextlib.contextmanager
def _locked(name: str, kind: int, deadline: float) -> Iterator[None]:
    """A lock on a file; the kernel gives it back when its holder dies."""
    descriptor = os.open(_folder() / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        while not _taken(descriptor, kind):
            if time.monotonic() > deadline:
                raise Unmeasured(QUEUE)
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _folder(base: Path | None = None) -> Path:
    """A folder of this user's own, at the same place for all their graders on this machine.

    Raises GraderError where somebody else made it first.
    """
    user = os.getuid()
    runtime = Path("/run/user") / str(user)
    base = base or (runtime if runtime.is_dir() else Path("/tmp"))
    folder = base / f"attention-autograder-{user}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o022:
        raise GraderError(f"{folder} is not this user's own folder. Remove it, or have it removed.")
    return folder


def core() -> int:
    """The core on which programs are timed: the last one that this process may use."""
    return max(os.sched_getaffinity(0))
