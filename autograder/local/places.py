"""Paths as they are typed where somebody works."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

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
