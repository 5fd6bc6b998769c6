"""A student's files as they may be work: what each is called, where it lies, what is in it."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath

from autograder.core.course import Course, Unit
from autograder.core.language import _
from autograder.intake.content import (
    Content,
    binds_by_imports_alone,
    content,
    essence,
    imports,
    is_program,
    statements,
)
from autograder.intake.decode import read_file
from autograder.intake.names import Name, key, read_name
from autograder.intake.newer import Newer, newer
from autograder.intake.submission import File
from autograder.intake.tree import Entry, Tree
from autograder.intake.unreadable import Unreadable

MOST_BYTES = 128 << 20  # that are read of one student
MOST_LETTERS = 8 << 20  # of programs in them, which are kept: at once, and in all memory
NOT_READ = _("%(file)s was not read: this student's files are more than %(most)s MiB.")
TOO_LONG = _("%(file)s was not read: this student's programs have more than %(most)s letters.")
MOST_ODD, MOST_ODD_BYTES = 64, 8 << 20  # of files of an unknown kind that are looked into
MOST_COMPARED = 8  # files of which each is parsed whole
OURS = ("lesson.py", "conftest.py", "setup.py")  # which stand beside the work, and tests
LESSONS = "lessons"  # the folder of a release's lessons


@dataclass
class Allowance:
    """How many bytes of a student's files may still be read, and how many letters kept."""

    left: int = MOST_BYTES
    letters: int = MOST_LETTERS

    def read(self, entry: Entry, limit: int) -> bytes:
        """Read a file on it. Raises Unreadable."""
        if self.left <= 0:
            raise Unreadable(NOT_READ, most=str(MOST_BYTES >> 20))
        data = entry.read(limit)
        self.left -= len(data)
        return data

    def keep(self, file: File) -> File:
        """A file that was read, or why it is not kept."""
        letters = sum(map(len, itertools.chain(file.cells, *file.unrun)))
        if letters > self.letters:
            why = Unreadable(TOO_LONG, most=f"{MOST_LETTERS:,}").of(file.name)
            return File("", file.name, notebook=file.notebook, facts=why.facts)
        self.letters -= letters
        return file


@dataclass(eq=False)
class Piece:
    """A file that may be work, read once somebody asks what is in it.

    unit: the one that it has the name of. place: the one that its folder has the name of; "" for
    none.
    """

    entry: Entry
    name: Name
    unit: str
    place: str
    source_kib: int
    allowance: Allowance

    @property
    def path(self) -> str:
        """Where it lies in the student's folder."""
        return self.entry.path

    @property
    def is_code(self) -> bool:
        """Whether it is to be read as a program, by its name; so is what ends in nothing known."""
        return self.name.kind in ("python", "notebook", "text", "other")

    @property
    def is_ours(self) -> bool:
        """Whether it came with the exercises, by its name."""
        return self.entry.name in OURS or self.entry.name.startswith("test_")

    def is_lesson(self, functions: Iterable[str]) -> bool:
        """Whether it is a lesson that came with the exercises, in which nobody has written any."""
        inside = PurePosixPath(self.entry.folder).name == LESSONS
        return inside and not (self.is_code and set(functions) & self.content.texts.keys())

    @cached_property
    def file(self) -> File:
        """What is in it, or what is wrong with it; its module is not known yet."""
        file = read_file(
            self.path,
            self.name.kind == "notebook",
            self.source_kib,
            lambda limit: self.allowance.read(self.entry, limit),
        )
        return self.allowance.keep(file)

    @cached_property
    def content(self) -> Content:
        """What it defines."""
        return content(self.file.cells)

    @cached_property
    def essence(self) -> str:
        """Its program without comments and blank lines."""
        return essence(self.file.cells)

    @cached_property
    def statements(self) -> str:
        """Its program's statements, however they are laid out."""
        return statements(self.file.cells)

    @cached_property
    def modules(self) -> set[str]:
        """The names of modules that it imports."""
        return imports(self.file.cells)

    @cached_property
    def imports(self) -> set[str]:
        """All parts of them."""
        return {part for name in self.modules for part in name.split(".")}

    @cached_property
    def newer(self) -> Newer | None:
        """A line of it that only a newer Python reads, if there is one."""
        return newer(self.file.cells)

    def is_work(self, functions: Iterable[str]) -> bool:
        """Whether somebody has worked on it, as far as that can be told: else it is a starter."""
        if self.file.facts:
            return True
        return bool(self.essence) and not self.content.is_untouched(functions)

    def only_uses(self, unit: str, functions: Iterable[str]) -> bool:
        """Whether it has the functions from a module of the unit's name, and none of its own."""
        return unit in self.modules and binds_by_imports_alone(self.file.cells, functions)

    @property
    def is_blank(self) -> bool:
        """Whether nothing is in it that could be run, though it can be read."""
        file = self.file
        return not (file.facts or file.unrun or any(map(str.strip, file.cells)))

    def is_called(self, unit: str) -> bool:
        """Whether it has the very name that is asked for."""
        return self.entry.name in (f"{unit}.py", f"{unit}.ipynb")


def pieces_of(tree: Tree, course: Course) -> list[Piece]:
    """All files that may be work by their names, the shallow ones first."""
    allowance = Allowance()
    found = (piece_of(entry, course, allowance) for entry in tree.entries)
    asked = [exercise.name for unit in course.units for exercise in unit.exercises]
    kept, odd = list[Piece](), list[Piece]()
    for piece in found:
        known = piece.unit or piece.name.kind not in ("text", "other", "picture")
        (kept if known else odd).append(piece)
    named = {piece.unit for piece in kept}
    if lacking := [unit for unit in course.units if unit.name not in named]:
        kept += _programs(odd, lacking)
    kept = kept or [piece for piece in odd if piece.name.kind == "picture"]  # of a screen, say
    return [piece for piece in kept if not piece.is_lesson(asked)]


def _programs(odd: Iterable[Piece], units: Sequence[Unit]) -> Iterator[Piece]:
    """Those that are programs with some of these units' functions, whatever their names end in.

    And what has a unit's name, such as attention.md or attention.url: it is no program.
    """
    functions = {exercise.name for unit in units for exercise in unit.exercises}
    by_key = _by_key(*(unit.name for unit in units))
    allowance = Allowance(MOST_ODD_BYTES)  # so that they take nothing from what is work for sure
    for piece in islice(odd, MOST_ODD):
        seen = replace(piece, allowance=allowance)
        is_work = functions & seen.content.texts.keys()
        if is_work and seen.file.notebook:
            yield replace(piece, name=piece.name._replace(kind="notebook"))
        elif is_work and is_program(seen.file.cells):
            yield replace(piece, name=piece.name._replace(kind="python"))
        elif unit := read_name(piece.entry.name.partition(".")[0]).of(by_key):
            yield replace(piece, unit=unit, name=piece.name._replace(kind="document"))


def piece_of(entry: Entry, course: Course, allowance: Allowance | None = None) -> Piece:
    """A file as it may be work of a course."""
    units = _by_key(*course.unit_names)
    name, folder = read_name(entry.name), _read_folder(PurePosixPath(entry.folder).name)
    place = "" if folder.kind == "zip" else folder.of(units)
    limit = course.limits.source_kib
    return Piece(entry, name, name.of(units), place, limit, allowance or Allowance())


_read_folder = functools.lru_cache(64)(read_name)


@functools.cache
def _by_key(*units: str) -> dict[str, str]:
    return {key(unit): unit for unit in units}


def distinct(pieces: Sequence[Piece], unit: str) -> list[Piece]:
    """The same pieces without copies, of which the best named one stays."""
    ordered = sorted(pieces, key=lambda p: (not p.is_called(unit), p.file.notebook))
    kept = {piece.path if piece.file.facts else piece.essence: piece for piece in reversed(ordered)}
    if 1 < len(kept) <= MOST_COMPARED:
        kept = {p.path if p.file.facts else p.statements: p for p in kept.values()}
    return list(reversed(kept.values()))
