"""Paths as they are typed where somebody works, and files written there."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
from pathlib import Path

from autograder.core.errors import CourseError

OURS = Path(".autograder")  # what commands keep beside a student's work


def place(path: Path) -> str:
    """A file's path from here, where it lies below; else the whole."""
    here = Path.cwd()
    return os.fspath(path.relative_to(here) if path.is_relative_to(here) else path)


def quoted(word: str) -> str:
    """A word of a command line, whatever is in it."""
    if os.name != "nt":
        return shlex.quote(word)
    return f'"{word}"' if " " in word else word


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, and its folder; it stays as private as it was.

    Raises CourseError.
    """
    part = Path(f"{path}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(path, part)
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise CourseError(f"{path} cannot be written: {error.strerror}. Run this again.") from error
