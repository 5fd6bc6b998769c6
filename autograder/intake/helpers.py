"""The modules and packages of a student's own that their work imports, at any depth."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from importlib.util import find_spec
from itertools import islice
from pathlib import PurePosixPath

from autograder.core.course import Course
from autograder.core.language import Sentence, _, restate, say
from autograder.intake.content import words
from autograder.intake.names import key
from autograder.intake.newer import too_new
from autograder.intake.pieces import Piece
from autograder.intake.submission import listed

MOST_HELPERS = 64  # of one unit
IMPORTS = _("%(file)s imports `%(module)s`. %(why)s")
SEVERAL = _("Several files may be that module: %(files)s. Hand in the one that is meant alone.")

Helpers = dict[str, Piece]  # by the module that each is imported as
Folder = tuple[str, ...]


class Library:
    """All of a student's modules, and what they are imported as from a folder."""

    def __init__(self, pieces: Sequence[Piece], course: Course) -> None:
        programs = [(p, *_place(p)) for p in pieces if p.name.kind in ("python", "notebook")]
        modules = {stem for piece, _parts, stem in programs if piece.name.kind == "python"}
        # A notebook is a module for import_ipynb and `%run`, where there is no .py of its name.
        programs = [p for p in programs if p[0].name.kind == "python" or p[2] not in modules]
        # x.py comes before x (1).py, which is x as well where there is no other.
        self._programs = sorted(programs, key=lambda program: not program[2].isidentifier())
        self._course = course
        self._said: dict[Piece, set[str]] = {}

    def of(self, main: Piece, units: Mapping[str, Piece]) -> tuple[Helpers, Sentence | None]:
        """What a unit's file imports of the student's own; and why some of it cannot be had.

        units: all units' files, which it may import, with all that these import in turn. There are
        many ways to import: whatever a program has a word for may be.
        """
        found: Helpers = {}
        if all(piece in units.values() for piece, *_rest in self._programs):  # as with most
            return found, None
        while True:
            mains = self._reached(main, units, [*found.values()])
            users = [*mains, *found.values()]
            usual = dict.fromkeys(folder for user in mains for folder in _above(user))
            new = self._modules(usual, users, found, mains)
            elsewhere, told = self._elsewhere(users, {*found, *new})
            new |= self._modules(elsewhere, users, found | new, mains)
            if told or not new or len(found) >= MOST_HELPERS:
                return found, told or _unusable(users, found)
            found |= dict(islice(new.items(), MOST_HELPERS - len(found)))

    def _modules(
        self,
        folders: Iterable[Folder],
        users: Sequence[Piece],
        have: Helpers,
        mains: Collection[Piece],
    ) -> Helpers:
        """The modules below some folders as programs there import them, if they have the words.

        A file is one of them, and those that import statements ask for by other names: so may
        another unit's file be, as in `from exercises.rnn import rnn_step`.
        """
        said = self._words(users)
        asked = {above for user in users for name in user.modules for above in _packages(name)}
        taken = {*mains, *have.values()}
        by_key = {key(word): word for word in sorted(said)} if self._has_renamed else {}
        found: Helpers = {}
        for folder in folders:
            for piece, parts, stem in self._programs:
                if parts[: len(folder)] != folder:
                    continue
                name = stem if stem.isidentifier() else piece.name.of(by_key)
                names = [*parts[len(folder) :], *([] if name == "__init__" else [name])]
                module = ".".join(names)
                package = "" if piece in mains else module.rpartition(".")[0]
                if module in have or (piece in taken and asked.isdisjoint((module, package))):
                    continue
                if names and said.issuperset(names) and module not in self._course.unit_names:
                    found.setdefault(module, piece)
                    taken.add(found[module])
        return found

    def _elsewhere(
        self, users: Sequence[Piece], have: Collection[str]
    ) -> tuple[list[Folder], Sentence | None]:
        """Folders beside the usual ones that hold what an import statement asks for.

        And what to say where two of them hold different modules of the name.
        """
        known = {module.partition(".")[0] for module in have} | {*self._course.unit_names}
        folders: list[Folder] = []
        for user in users:
            asked = {name.partition(".")[0] for name in user.modules} - known
            for top in sorted(asked & self._homes.keys()):
                homes = self._homes[top]
                if _is_installed(top):
                    continue
                if len({frozenset(_held(held)) for held in homes.values()}) > 1:
                    why = say(SEVERAL, files=listed(["/".join((*home, top)) for home in homes]))
                    return [], say(IMPORTS, file=user.file.name, module=top, why=why)
                folders += list(homes)[:1]
        return folders, None

    def _reached(
        self, main: Piece, units: Mapping[str, Piece], found: Sequence[Piece]
    ) -> dict[Piece, None]:
        """A unit's file, and those of other units that it comes to: through these and helpers."""
        reached = {main: None}
        while True:
            said = self._words([*reached, *found])
            new = [units[u] for u in sorted(said & units.keys()) if units[u] not in reached]
            if not new:
                return reached
            reached |= dict.fromkeys(new)

    def _words(self, users: Sequence[Piece]) -> set[str]:
        """The words of these files that may be a module's name; of each they are sought once."""
        for user in users:
            if user not in self._said:
                self._said[user] = {*filter(self._may_be_a_name, words(user.file.cells))}
        return set().union(*(self._said[user] for user in users))

    def _may_be_a_name(self, word: str) -> bool:
        return word in self._names or (self._has_renamed and key(word) in self._keys)

    @cached_property
    def _names(self) -> set[str]:
        inside = {part for _piece, parts, stem in self._programs for part in (*parts, stem)}
        return inside | {*self._course.unit_names}

    @cached_property
    def _keys(self) -> set[str]:
        return {stem for piece, *_rest in self._programs for stem in piece.name.stems}

    @cached_property
    def _has_renamed(self) -> bool:
        return any(not stem.isidentifier() for _piece, _parts, stem in self._programs)

    @cached_property
    def _homes(self) -> dict[str, dict[Folder, list[tuple[Folder, Piece]]]]:
        """By a module's or package's name the folders that hold one, and what of it is there."""
        homes: dict[str, dict[Folder, list[tuple[Folder, Piece]]]] = {}
        for piece, parts, stem in self._programs:
            names = (*parts, stem)
            for at, name in enumerate(names):
                homes.setdefault(name, {}).setdefault(names[:at], []).append((names[at:], piece))
        return homes


def _packages(module: str) -> Iterator[str]:
    """A module's name, and those of the packages that it is in."""
    while module:
        yield module
        module = module.rpartition(".")[0]


def _held(held: Sequence[tuple[Folder, Piece]]) -> Iterator[tuple[Folder, str]]:
    return ((names, piece.essence) for names, piece in held)


def _place(piece: Piece) -> tuple[Folder, str]:
    """The folders that a file lies in, and its name without the suffix."""
    stem = piece.entry.name.removesuffix(".py").removesuffix(".ipynb")
    return PurePosixPath(piece.path).parts[:-1], stem


def _above(piece: Piece) -> list[Folder]:
    """The folder that a file lies in, and those above it up to the student's own."""
    folders, _stem = _place(piece)
    return [folders[:length] for length in range(len(folders), -1, -1)]


def _unusable(users: Sequence[Piece], found: Helpers) -> Sentence | None:
    """Why a module that an import statement asks for cannot be used, if that is so."""
    for user in users:
        asked = user.imports
        for module, helper in found.items():
            if asked.isdisjoint(module.split(".")[-1:]):
                continue
            modern = helper.newer
            facts = helper.file.facts
            why = restate(facts) if facts else too_new(helper.file.name, modern) if modern else None
            if why:
                return say(IMPORTS, file=user.file.name, module=module, why=why)
    return None


@lru_cache(1024)
def _is_installed(name: str) -> bool:
    """Whether a module of this name is there without the student's files, as in the sandbox."""
    try:
        return name in sys.stdlib_module_names or find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False
