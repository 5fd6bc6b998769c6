"""Pages, made anew only where they would be made from something else: each tells it at its end.

It tells what it holds, too, so that one that somebody has changed by hand is no page of ours.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import msgspec

from autograder.core.course import Course
from autograder.core.digest import digest, digest_of_code
from autograder.core.language import Language
from autograder.reports.reading import StudentReports
from autograder.reports.store import write

MADE_FROM = "<!-- made from %s, which gave %s -->\n"
PACKAGES = ("Jinja2", "MarkupSafe", "babel")
ENCODER = msgspec.json.Encoder(enc_hook=lambda sentence: sentence.facts, order="deterministic")


def maker(course: Course, language: Language) -> str:
    """One hash of what pages are made by: course, language, our code and what that uses."""
    words = sorted((course.root / "course" / "shared" / "locale").glob("*.po"))
    facts = [language, repr(course), digest_of_code(), platform.python_version()]
    facts += map(metadata.version, PACKAGES)
    return digest([*(fact.encode() for fact in facts), *(path.read_bytes() for path in words)])


def key_of(student: StudentReports, made_by: str, *more: str) -> str:
    """One hash of all that a student's page is made from."""
    about = ENCODER.encode(student)
    return digest([made_by.encode(), *(part.encode() for part in more), about])


def keep(path: Path, key: str, make: Callable[[], str]) -> None:
    """Make a page anew, unless it is there, whole, and was made from the same."""
    if not _is_made_from(path, key):
        page = make().encode()
        write(path, page + _end(key, page), lasting=False)


def _is_made_from(path: Path, key: str) -> bool:
    try:
        found = path.read_bytes()
    except OSError:
        return False
    page = found[: -len(_end(key, b""))]
    return found == page + _end(key, page)


def _end(key: str, page: bytes) -> bytes:
    return (MADE_FROM % (key, digest([page]))).encode()
