"""The record of known mistakes that a student's release carries; to read it takes no torch."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import msgspec

from autograder.core.errors import CourseError
from autograder.core.files import NOT_READ
from autograder.core.language import Language

FILE = Path("course", "known_mistakes.json")
Fingerprint = list[Any]  # what is kept of an output; see known_mistakes.mark


class Seen(msgspec.Struct, frozen=True):
    """What a mistake returned in the call that a test failed for, its `call`-th."""

    call: int
    mark: Fingerprint


class RecordedMistake(msgspec.Struct, frozen=True):
    """One known mistake in one function; what it returned by the name of the test that failed."""

    function: str
    id: str
    help: dict[Language, str]
    seen: dict[str, Seen]


RecordedMistakes = dict[str, list[RecordedMistake]]  # by unit


@functools.cache
def load(root: Path) -> RecordedMistakes:
    """The recorded mistakes of a course; none where nothing was recorded. Raises CourseError."""
    path = root / FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=RecordedMistakes)
    except FileNotFoundError:
        return {}
    except NOT_READ as error:
        raise CourseError(f"{path} cannot be read: {error}.") from error
