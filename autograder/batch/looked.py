"""RESULTS/.intake.json: what was found in each student's folder, for as long as it looks the same.

To find out is to read and parse all that a student handed in; to see that nothing has changed, a
look at each file from outside does. What is graded is read anew; and so is, each time, whatever was
not there or not read, since that may have a reason that no file shows.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path

import msgspec

from autograder.core import stamps
from autograder.core.course import Course
from autograder.core.digest import digest, digest_of_code
from autograder.core.files import NOT_READ, read_regular
from autograder.core.text import printable
from autograder.intake import left_out
from autograder.intake.submission import Submission
from autograder.intake.tree import MOST_FILES
from autograder.reports.store import write

FILE = ".intake.json"


class Known(msgspec.Struct, frozen=True):
    """How a student's folder looked, and what was found in it, without the programs."""

    stamp: str
    submission: msgspec.Raw


class Class(msgspec.Struct, frozen=True):
    """What the file holds. rules: a hash of what else decides what is found."""

    rules: str
    students: dict[str, Known] = {}


class Looked:
    """What is known of a class, by students' names."""

    def __init__(self, known: Class) -> None:
        self._rules, self._students = known.rules, known.students
        self._changed = False

    def at(
        self, folder: Path, decided: Mapping[str, str], read: Callable[[], Submission]
    ) -> Submission:
        """What a student handed in, without the programs; read only if it looks otherwise."""
        now = time.time_ns()
        looks = list(islice(stamps.below(folder), MOST_FILES + 1))
        beside = repr((sorted(decided.items()), left_out.load(folder.parent, folder.name)))
        stamp = stamps.stamp([("", folder.lstat()), *looks], beside)
        name = printable(folder.name)
        known = self._students.get(name)
        if known and known.stamp == stamp:
            with suppress(msgspec.MsgspecError):
                return msgspec.json.decode(known.submission, type=Submission)
        found = read()
        files = [msgspec.structs.replace(file, cells=[], unrun=[]) for file in found.files]
        found = msgspec.structs.replace(found, files=files)
        states = {work.state for work in found.works.values()}
        sure = "read" in states and "unread" not in states and len(looks) <= MOST_FILES
        if sure and stamps.newest(looks) < now - stamps.SETTLED:
            encoded = msgspec.Raw(msgspec.json.encode(found))
            self._students[name] = Known(stamp, encoded)
            self._changed = True
        return found

    def save(self, results: Path, students: Iterable[str]) -> None:
        """Keep it for the next run, as far as there still are these. Raises ResultsError."""
        there = set(map(printable, students))
        kept = {name: known for name, known in self._students.items() if name in there}
        if self._changed:
            write(results / FILE, msgspec.json.encode(Class(self._rules, kept)), lasting=False)


def load(results: Path, course: Course, supplied: Mapping[str, str], *, fresh: bool) -> Looked:
    """What is known from runs before; nothing where other rules have found it, or if `fresh`."""
    rules = _rules(course, supplied)
    try:
        found = msgspec.json.decode(read_regular(results / FILE), type=Class)
    except NOT_READ:
        found = Class("")
    return Looked(found if found.rules == rules and not fresh else Class(rules))


def _rules(course: Course, supplied: Mapping[str, str]) -> str:
    """What intake goes by: our code, the course, its programs, this Python and its packages."""
    programs = [p for name in ("solutions", "exercises") for p in (course.root / name).glob("*.py")]
    places = [path for path in map(Path, sys.path) if path.is_dir()]
    packages = [(str(path), path.stat().st_mtime_ns) for path in places]
    facts = [digest_of_code(), repr(course), repr(supplied), platform.python_version()]
    texts = (path.read_bytes() for path in sorted(programs))
    return digest([*(fact.encode() for fact in facts), repr(packages).encode(), *texts])
