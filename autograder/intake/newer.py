"""Programs in the Python of a newer version than grades here: they are right where they come from.

Only a line that is spelled as a newer Python allows, and that this one stops at, says so.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from typing import NamedTuple

from autograder.core.language import Sentence, _, say
from autograder.core.processes import python
from autograder.intake import stops

SECONDS, MEMORY = 3, 1 << 30  # of the process that tries to compile; it runs nothing
LONGEST, MOST_BRACES = 200, 8  # of a line that is looked at: a search must not become a long one
MOST_LETTERS = 1 << 16  # of a program; no honest one comes near, and there may be 77 of these
TOO_NEW = _(
    "%(file)s is written for Python %(theirs)s or newer (line %(line)s: %(what)s). Python %(ours)s "
    "reads submissions here: write it in the older way, or have it graded by a newer Python."
)

# What is new in a version's grammar, and how a line is spelled that uses it.
GRAMMAR: list[tuple[tuple[int, int], str, str]] = [
    (
        (3, 12),
        _("the same quotes inside an f-string"),
        r"""\b(?:[fF][rR]?|[rR][fF])(["'])(?!\1)[^\n]*?\{[^}\n]*\1""",
    ),
    ((3, 12), _("a backslash inside an f-string"), r"""\b[fF](["'])[^\n]*?\{[^}\n]*\\"""),
    (
        (3, 12),
        _("a line break inside an f-string"),
        r"""\b(?:[fF][rR]?|[rR][fF])(["'])(?!\1)(?:(?!\1).)*\{\s*$""",
    ),
    ((3, 12), _("a type statement"), r"^\s*type\s+\w+\s*(\[.*\])?\s*="),
    ((3, 12), _("type parameters in brackets"), r"^\s*(?:(?:async\s+)?def|class)\s+\w+\s*\["),
    ((3, 14), _("a t-string"), r"""\b[tT][rR]?["']|\b[rR][tT]["']"""),
    ((3, 14), _("exceptions without brackets"), r"^\s*except\*?\s+[\w.]+\s*,.*:"),
    ((3, 15), _("a lazy import"), r"^\s*lazy\s+(?:import|from)\b"),
]
NEWER = [(v, what, re.compile(line)) for v, what, line in GRAMMAR if v > sys.version_info]


class Newer(NamedTuple):
    """A line of a program that a newer Python reads."""

    version: tuple[int, int]
    what: str
    line: int


def newer(cells: Sequence[str]) -> Newer | None:
    """A line that this Python stops at and a newer one would not, if there is one."""
    if sum(map(len, cells)) > MOST_LETTERS:
        return None
    suspects = [cell for cell in cells if any(map(_spelled, cell.splitlines()))]
    for cell, stopped in zip(suspects, _stops(suspects), strict=True):
        lines = cell.splitlines()
        if stopped and stopped <= len(lines) and (found := _spelled(lines[stopped - 1])):
            return Newer(*found, stopped)
    return None


def too_new(file: str, found: Newer) -> Sentence:
    """Say so of a file, with both versions."""
    theirs = "{}.{}".format(*found.version)
    ours = ".".join(platform.python_version_tuple()[:2])
    return say(TOO_NEW, file=file, line=found.line, theirs=theirs, ours=ours, what=found.what)


def _spelled(line: str) -> tuple[tuple[int, int], str] | None:
    """What of a newer grammar a line may be: the version and what it is."""
    if len(line) > LONGEST or line.count("{") > MOST_BRACES:
        return None
    fits = ((version, what) for version, what, spelled in NEWER if spelled.search(line))
    return next(fits, None)


def _stops(texts: Sequence[str]) -> list[int | None]:
    """The line that each text stops compiling at, if any: found out by a process of its own.

    A compiler that meets a stranger's text may need much, or crash.
    """
    if not texts:
        return []
    try:
        done = subprocess.run(
            python("-S", stops.__file__, str(SECONDS), str(MEMORY)),
            input=json.dumps(texts).encode(),
            capture_output=True,
            check=True,
            timeout=20 * SECONDS,
        )
        return list(json.loads(done.stdout))
    except (OSError, ValueError, subprocess.SubprocessError):
        return [None] * len(texts)
