"""What `collect` left out of a student's work: it notes that, and whoever grades reads it here.

The notes lie beside the students' folders, where no student writes. Only names and reasons are
taken of them, and they give nobody a point: a unit is not read, in place of not handed in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from autograder.core.errors import SubmissionsError
from autograder.core.files import read_regular
from autograder.core.language import _
from autograder.core.text import printable
from autograder.intake.archives import DAMAGED, LEAVES, MOST_BYTES, MOST_MEMBERS
from autograder.intake.unreadable import LINK, NO_FILE, Unreadable

NOTES = ".collected"  # beside the students' folders: a file for each, or one a unit
MOST = 200  # files of a student that are noted
LONGEST = 300  # characters of a fact
MUCH = _(
    "%(file)s was left out when the work was collected: a student may hand in at most %(members)s "
    "files and %(size)s MiB. Clear outputs, and hand in the work alone."
)
Why = Literal["link", "no file", "much", "damaged", "outside"]
SAYS: dict[Why, str] = {
    "link": LINK,
    "no file": NO_FILE,
    "much": MUCH,
    "damaged": DAMAGED,
    "outside": LEAVES,
}


class LeftOut(msgspec.Struct, frozen=True):
    """A file: its path in the student's folder, why it is not there, and what of that is known."""

    path: str
    why: Why
    fact: str = ""

    @property
    def reason(self) -> Unreadable:
        """Why it cannot be read."""
        fact = printable(self.fact[:LONGEST])
        known = {"members": f"{MOST_MEMBERS:,}", "size": str(MOST_BYTES >> 20)}
        return Unreadable(SAYS[self.why], error=fact, path=fact, **known)


class _Note(msgspec.Struct):
    """What of a note is read here; see collect.shelf.Collected."""

    left_out: list[LeftOut] = []


def load(submissions: Path, student: str) -> list[LeftOut]:
    """What was left out of a student's work; nothing where it was not collected.

    Raises SubmissionsError where a note cannot be read.
    """
    notes = submissions / NOTES
    found = _read(notes / f"{student}.json", "")
    for path in sorted((notes / student).glob("*.json")):
        found += _read(path, f"{path.stem}/")
    return found[:MOST]


def _read(path: Path, before: str) -> list[LeftOut]:
    try:
        note = msgspec.json.decode(read_regular(path), type=_Note)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise SubmissionsError(
            f"{path}, where `autograder collect` notes what it did, cannot be read: {error}. "
            "Delete it, and collect again."
        ) from error
    return [msgspec.structs.replace(one, path=before + one.path) for one in note.left_out]
