"""RESULTS/class.json: what `grade` saw of the class, for whoever reads the reports later.

It holds which folder of reports is whose folder of submissions, and the rows of people.csv. So a
folder of results can be moved and exported by itself, and who is gone is known.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from autograder.core.errors import ResultsError
from autograder.core.files import NOT_READ, read_regular
from autograder.core.text import encodable
from autograder.intake.collect import people
from autograder.intake.collect.shelf import Collected
from autograder.intake.left_out import NOTES
from autograder.reports.store import write

FILE = "class.json"


class HandedIn(msgspec.Struct, frozen=True):
    """folders: of the submissions, by that of the reports. people: as collected.

    platforms: where the work in a folder of submissions was collected from.
    """

    folders: Mapping[str, str] = {}
    people: Sequence[people.Person] = ()
    platforms: Mapping[str, str] = {}


def save(results: Path, submissions: Path, folders: Mapping[str, str]) -> None:
    """Write what was seen. folders: of the reports, by that of the submissions."""
    seen = {place: encodable(name) for name, place in folders.items()}
    found = HandedIn(seen, people.read(submissions), _platforms(submissions))
    data = msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"
    path = results / FILE
    with contextlib.suppress(OSError):
        if read_regular(path) == data:  # as it is where nothing has changed
            return
    write(path, data)


def _platforms(submissions: Path) -> dict[str, str]:
    """Where each folder's work came from, as `collect` noted it."""
    notes = submissions / NOTES
    found = {}
    for path in sorted(notes.rglob("*.json")):
        with contextlib.suppress(*NOT_READ):
            note = msgspec.json.decode(read_regular(path), type=Collected)
            found[path.relative_to(notes).with_suffix("").parts[0]] = note.platform
    return found


def load(results: Path) -> HandedIn | None:
    """Read it; None where the reports are of a version that wrote none. Raises ResultsError."""
    path = results / FILE
    try:
        return msgspec.json.decode(read_regular(path), type=HandedIn)
    except FileNotFoundError:
        return None
    except NOT_READ as error:
        raise ResultsError(
            f"{path} cannot be read ({error}). Run `autograder grade` again."
        ) from error
