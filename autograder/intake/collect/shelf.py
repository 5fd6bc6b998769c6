"""Puts collected work where `grade` finds it, and tells what changed since the run before.

Nothing is deleted: what a newer attempt replaces goes to .earlier/, and files that somebody else
has put into a student's folder stay in it. What was collected is noted in .collected/, a file a
folder, so that a run that was stopped can be repeated like any other.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import msgspec
from msgspec.structs import replace

from autograder.core.errors import ResultsError
from autograder.core.files import read_regular
from autograder.core.text import several
from autograder.intake.collect.archives import digests, files_in
from autograder.intake.collect.people import Key
from autograder.intake.left_out import NOTES, LeftOut
from autograder.reports.store import alike, safe_name, unwritable, write

EARLIER, STAGING = ".earlier", ".collecting"
State = Literal["new", "later", "unchanged", "older"]


class Collected(msgspec.Struct, frozen=True):
    """What was put into a folder: for whom, from where, and the digests of the files.

    people: the keys of the rows in people.csv that were written with it. left_out: see left_out.py.
    """

    platform: str
    key: str
    unit: str
    order: str
    files: dict[str, str]
    people: list[Key] = []
    left_out: list[LeftOut] = []


@dataclass
class Shelf:
    """A folder of submissions."""

    root: Path
    known: dict[str, Collected] = field(default_factory=dict)  # by place: <student>[/<unit>]
    _taken: set[str] = field(default_factory=set)

    @classmethod
    def at(cls, root: Path) -> Shelf:
        """The folder as it is now. Raises ResultsError where it cannot be written to."""
        shelf = cls(root)
        try:
            root.mkdir(parents=True, exist_ok=True)
            shutil.rmtree(root / STAGING, ignore_errors=True)  # of a run that was stopped
            (root / STAGING).mkdir()
        except OSError as error:
            raise unwritable(root, error) from error
        for path in (root / NOTES).rglob("*.json"):
            if path.is_dir():  # of a student with a name like that
                continue
            place = path.relative_to(root / NOTES).with_suffix("").as_posix()
            try:
                shelf.known[place] = msgspec.json.decode(read_regular(path), type=Collected)
            except (OSError, msgspec.MsgspecError) as error:
                raise ResultsError(f"{path} cannot be read ({error}). Delete it.") from error
        return shelf

    def folder(self, platform: str, key: str, label: str) -> str:
        """The name of somebody's folder: the one they have, else their label, or with a number.

        Two people never share one, nor two names that some system takes for the same.
        """
        whose = (platform, key)
        mine = (p for p, note in self.known.items() if (note.platform, note.key) == whose)
        name = next(mine, "").split("/")[0]
        if not name:
            theirs = {alike(place.split("/")[0]) for place in self.known} | self._taken
            name = next(n for n in _candidates(safe_name(label)) if alike(n) not in theirs)
        self._taken.add(alike(name))
        return name

    def stage(self, place: str) -> Path:
        """A new empty folder for what is to be put there."""
        staged = self.root / STAGING / place
        staged.mkdir(parents=True)
        return staged

    def put(self, place: str, staged: Path, note: Collected, notes: list[str]) -> State:
        """Put a staged folder into its place, unless that holds the same, or a later attempt."""
        before, target = self.known.get(place), self.root / place
        replaced = target.is_dir()
        if replaced and before:
            if before.files == note.files:
                if before.left_out != note.left_out:
                    self._note(place, replace(before, left_out=note.left_out))
                return "unchanged"
            if note.order and before.order > note.order:
                notes.append(f"{place}: this attempt is older than what is there, which stays.")
                return "older"
        try:
            aside = self._set_aside(place, before, notes) if replaced else None
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.rename(target)
            if aside and before:
                _bring_back(aside, before, target)
        except OSError as error:
            raise unwritable(target, error) from error
        self._note(place, note)
        return "later" if replaced else "new"

    def _note(self, place: str, note: Collected) -> None:
        write(self.root / NOTES / f"{place}.json", msgspec.json.encode(note))

    def keep_earlier(self, place: str, staged: Path, label: str) -> None:
        """Keep an attempt that does not count, unless it is kept already."""
        target = self.root / EARLIER / place / safe_name(label)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.rename(target)

    def finish(self) -> None:
        """Remove what was only for the run."""
        shutil.rmtree(self.root / STAGING, ignore_errors=True)

    def _set_aside(self, place: str, before: Collected | None, notes: list[str]) -> Path:
        """Move what is there to .earlier/, and say so where it is not what was collected."""
        earlier = self.root / EARLIER / place
        asides = (earlier / f"replaced {number}" for number in itertools.count(1))
        aside = next(path for path in asides if not path.exists())
        aside.parent.mkdir(parents=True, exist_ok=True)
        (self.root / place).rename(aside)
        kept = aside.relative_to(self.root).as_posix()
        if before is None:
            notes.append(f"{place} was there, and not collected: it is in {kept} now.")
        elif changed := [n for n, d in digests(aside).items() if before.files.get(n, d) != d]:
            notes.append(f"{place}: changed by hand since, and in {kept} now: {several(changed)}.")
        return aside


def _bring_back(aside: Path, before: Collected, target: Path) -> None:
    """Give a folder back the files that nobody handed in, an instructor's own."""
    for path in files_in(aside):
        name = path.relative_to(aside)
        if name.as_posix() not in before.files and not (target / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            path.rename(target / name)


def _candidates(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name} ({number})" for number in itertools.count(2))
