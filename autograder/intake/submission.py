"""What one student handed in, as it goes to be graded."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from autograder.core.digest import digest
from autograder.core.language import Sentence, _, restate, say

MOST_NAMES = 8  # that a sentence lists
NOTHING_HANDED_IN = _("No %(unit)s.py or %(unit)s.ipynb was handed in (handed in: %(files)s).")

State = Literal["read", "missing", "unread"]
# How a unit's file was known: by the name asked for, a name that was changed on the way, the folder
# that it lies in, the functions that it defines, or since whoever grades said so.
How = Literal["", "asked", "renamed", "placed", "content", "decided"]


class File(msgspec.Struct, frozen=True):
    """One file of a submission: its cells (one, for a .py file), or what is wrong with it.

    module: the unit, or what a helper is imported as, dotted in a package. name: its path in the
    student's folder, made printable. facts: those of the sentence that says what is wrong; see
    language.py. units: those that it is a helper of; none where every unit may import it. unrun:
    of a notebook, the cells of other kinds that define functions all the same, places and texts.
    """

    module: str
    name: str
    cells: list[str] = []
    notebook: bool = False
    facts: dict[str, Any] = {}
    units: list[str] = []
    unrun: list[tuple[str, str]] = []

    @property
    def problem(self) -> str:
        """What is wrong with it, in English; empty where nothing is."""
        return str(restate(self.facts)) if self.facts else ""


class Work(msgspec.Struct, frozen=True):
    """What was found for a unit. facts: of the sentence that says why nothing is to be graded.

    files: the names of those that it may be, where that is not sure.
    """

    state: State
    how: How = ""
    facts: dict[str, Any] = {}
    files: list[str] = []


class Submission(msgspec.Struct, frozen=True):
    """All that one student handed in, the name made printable, and a digest of it.

    digest: of all that is run of it, or named in a reason, and of the names under which it was
    found. works: by unit.
    unknown: the names of files that may be work, and belong to no unit. empty: nothing was there.
    """

    student: str
    files: list[File]
    digest: str
    works: dict[str, Work] = {}
    unknown: list[str] = []
    empty: bool = False

    def file(self, unit: str) -> File | None:
        """The file that was handed in for a unit, if any was."""
        return next((file for file in self.files if file.module == unit), None)

    def files_of(self, unit: str) -> list[File]:
        """What a unit is run with: its own file, those of other units, and its helpers."""
        return [file for file in self.files if not file.units or unit in file.units]

    def work(self, unit: str) -> Work:
        """What was found for a unit."""
        if known := self.works.get(unit):
            return known
        if file := self.file(unit):
            return Work("unread" if file.facts else "read", "asked", file.facts)
        return Work("missing", "", nothing(unit, [f.name for f in self.files]).facts)


def nothing(unit: str, handed_in: Sequence[str]) -> Sentence:
    """Say that there is nothing for a unit, and what there is instead."""
    return say(NOTHING_HANDED_IN, unit=unit, files=listed(handed_in) or _("nothing"))


def listed(names: Sequence[str]) -> str:
    """Some names for a sentence."""
    return ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")


def digest_of(student: bytes, files: Iterable[File], asked: dict[str, str]) -> str:
    """A digest of what is run: each file's role, name and cells; so moved work is other work.

    asked: the functions that are asked of each unit. Of a notebook's text nothing but functions.
    """
    parts = [student]
    for file in files:
        role, form = asked.get(file.module, ""), "notebook" if file.notebook else "file"
        told = [file.module, role, form, file.name, *file.units, file.problem]
        told += [str(len(file.cells)), *file.cells]
        told += itertools.chain.from_iterable(file.unrun)  # reasons name it
        parts += [str(len(told)).encode(), *(part.encode() for part in told)]
    return digest(parts)
