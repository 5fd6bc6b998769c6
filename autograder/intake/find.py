"""Which of a student's files is the work for which unit: one that is sure, or none.

Names come first, and contents decide where names do not. What is not sure is never guessed: the
files are named, and whoever grades decides (see decisions.py), or the student hands in again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from autograder.core.course import Course
from autograder.core.errors import SubmissionsError
from autograder.core.language import Sentence, _, restate, say
from autograder.core.text import printable
from autograder.intake.content import fits
from autograder.intake.newer import too_new
from autograder.intake.pieces import Piece, distinct, piece_of, pieces_of
from autograder.intake.submission import How, Work, listed, nothing
from autograder.intake.tree import MOST_FILES, Entry, Tree

MOST_STRAYS = 256  # files without a unit's name that are looked into
MOST_UNKNOWN = 50  # that are named
SEVERAL = _(
    "Several files may be the work for %(unit)s: %(files)s. Which of them counts is not guessed: "
    "hand in that one alone, as %(unit)s.py or %(unit)s.ipynb."
)
PARTLY = _(
    "%(files)s may be the work for %(unit)s, or a part of it. Hand it in as %(unit)s.py or "
    "%(unit)s.ipynb."
)
FOREIGN = _(
    "%(file)s has the name of %(unit)s, but the functions of %(other)s. Hand it in under the name "
    "that it should have."
)
EMPTY = _("%(file)s holds no program at all. Save your work in it, and hand it in again.")
DOCUMENT = _("%(file)s is neither a .py nor a .ipynb file. Hand in the program itself.")
BACKUP = _("%(file)s is called like an editor's backup. Hand it in as %(unit)s.py if it counts.")
UNFINISHED = _("%(file)s is a download that has not ended. Download it again, and hand that in.")
PROGRAMS = ("python", "notebook")
OPAQUE: dict[str, str] = {
    "document": DOCUMENT,
    "picture": DOCUMENT,
    "backup": BACKUP,
    "unfinished": UNFINISHED,
}
MORE = _(
    "There are more than %(most)s files, and %(unit)s.py is not among those that were looked at. "
    "Hand in the work alone."
)
UNKNOWN = _("None of the files is known as work: %(files)s. Hand in %(unit)s.py or %(unit)s.ipynb.")


@dataclass
class Found:
    """What was found for a unit, and which file it is."""

    work: Work
    piece: Piece | None = None

    def give_up(self, told: Sentence) -> None:
        """Say why it cannot be graded after all."""
        self.work = Work("unread", self.work.how, told.facts)


class Search:
    """A student's files, and the units that they are looked through for.

    decided: by unit the path that whoever grades has chosen, "" for none. notebooks: whether a
    unit's file has to be a notebook.
    """

    def __init__(
        self,
        student: str,
        tree: Tree,
        course: Course,
        decided: Mapping[str, str],
        notebooks: bool,
    ) -> None:
        self.student = printable(student)
        self.tree = tree
        self.course = course
        self.pieces = pieces_of(tree, course)
        self._decided = decided
        self._notebooks = notebooks
        self._functions = {u.name: [e.name for e in u.exercises] for u in course.units}

    def run(self) -> dict[str, Found]:
        """What was found for each unit."""
        found = {unit: self._unit(unit) for unit in self.course.unit_names}
        told = self.unknown([each.piece for each in found.values() if each.piece])
        shown = {p.unit for p in self.pieces if p.name.kind == "picture"}
        nothing_of = {
            unit: each.work.state == "missing" or (unit in shown and not each.work.files)
            for unit, each in found.items()
        }
        if told and all(nothing_of.values()):
            lost = {unit: say(UNKNOWN, unit=unit, files=listed(told)) for unit in found}
            return {
                unit: each if unit in self._decided else _unread(lost[unit], told)
                for unit, each in found.items()
            }
        return found

    def unknown(self, used: Sequence[Piece]) -> list[str]:
        """The files that may be work, have no unit's name, and are not used."""
        kept = [p for p in self.pieces if not (p.unit or p.place or p.is_ours or p in used)]
        loose = [printable(p.path) for p in kept if not _is_imported(p, self._imported)]
        return (loose + [printable(path) for path, _reason in self.tree.sealed])[:MOST_UNKNOWN]

    def handed_in(self) -> list[str]:
        """The names of what there is: what has a unit's name first."""
        named = sorted(self.pieces, key=lambda piece: not piece.unit)
        closed = [*self.tree.sealed, *self.tree.left_out]
        paths = [p.path for p in named] + [path for path, _reason in closed]
        return [printable(path) for path in dict.fromkeys(paths)] or [
            printable(entry.path) for entry in self.tree.entries
        ]

    def _unit(self, unit: str) -> Found:
        if unit in self._decided:
            return self._chosen(unit)
        named = self._named(unit)
        functions = self._functions[unit]
        code = self._code(named, functions)
        alone = len(named) == len(code) == 1 and not (self._loose or self.tree.sealed)
        if alone and code[0].is_work(functions):  # as with most
            return self._checked(code[0], unit, self._how(code[0], unit))
        work = distinct([piece for piece in code if piece.is_work(functions)], unit)
        if not work:
            return self._without_a_name(unit, named, code)
        if len(work) > 1:  # a notebook that shows what rnn.py does
            work = [p for p in work if not p.only_uses(unit, functions)] or work
        strays = self._strays(unit)
        whole = len(work) > 1 or not strays or work[0].content.written(functions) == {*functions}
        rivals = [] if whole else [piece for piece in strays if self._fits(piece, unit)]
        if len(work) > 1 or rivals:
            return _undecided(SEVERAL, unit, [*work, *rivals])
        return self._checked(work[0], unit, self._how(work[0], unit))

    def _code(self, named: list[Piece], functions: Sequence[str]) -> list[Piece]:
        """Those of them that are programs; a text is one if it defines what is asked for."""
        code = [piece for piece in named if piece.name.kind in PROGRAMS]
        texts = [piece for piece in named if piece.is_code and piece not in code]
        code += [p for p in texts if not code or p.content.defines(functions)]
        return [piece for piece in code if piece.file.notebook] if self._notebooks else code

    def _chosen(self, unit: str) -> Found:
        """What whoever grades has decided; see decisions.py."""
        path = self._decided[unit]
        if not path:
            return Found(Work("missing", "decided", self._nothing(unit).facts))
        entry = next((e for e in self.tree.entries if printable(e.path) == path), None)
        if entry is None:
            there = listed(self.handed_in()) or "nothing"
            raise SubmissionsError(
                f"intake.toml has {path!r} for {unit} of {self.student}: that is none of the files "
                f'there ({there}). Write one of them, as it stands here, or "" for none.'
            )
        return self._checked(piece_of(entry, self.course), unit, "decided")

    def _checked(self, piece: Piece, unit: str, how: How) -> Found:
        """The only file that may be the work, unless it cannot be read, or is another unit's."""
        told: Sentence | None = None
        if how != "decided" and (other := self._foreign(piece, unit)):
            told = say(FOREIGN, file=piece.file.name, unit=unit, other=other)
        elif how != "decided" and piece.is_blank:
            told = say(EMPTY, file=piece.file.name)
        elif modern := piece.newer:
            told = too_new(piece.file.name, modern)
        facts = told.facts if told else piece.file.facts
        return Found(Work("unread" if facts else "read", how, facts), piece)

    def _without_a_name(self, unit: str, named: list[Piece], starters: list[Piece]) -> Found:
        """Where nothing of a unit's name has any work in it: look for that elsewhere."""
        functions = self._functions[unit]
        loose = self._strays(unit)
        strays = [piece for piece in loose if piece.content.written(functions)]
        sure = distinct([piece for piece in strays if self._fits(piece, unit)], unit)
        if len(sure) == 1 and not self._foreign(sure[0], sure[0].unit):
            return self._checked(sure[0], unit, "content")
        if strays:
            return _undecided(SEVERAL if starters or sure else PARTLY, unit, [*starters, *strays])
        if shared := self._shared(unit):
            return _undecided(PARTLY, unit, shared)
        if told := self._closed(unit, named, loose):
            return _unread(told)
        if starters:
            first = distinct(starters, unit)[0]
            return self._checked(first, unit, self._how(first, unit))
        return Found(Work("missing", "", self._nothing(unit).facts))

    def _nothing(self, unit: str) -> Sentence:
        """Say what there is instead of a unit's file, and be it hidden."""
        return nothing(unit, self.handed_in() or [*map(printable, self.tree.passed)])

    def _closed(self, unit: str, named: list[Piece], strays: list[Piece]) -> Sentence | None:
        """What a unit's work may be in and cannot be read, if there is anything like that."""
        for piece in named:
            if piece.name.kind in OPAQUE:
                return say(OPAQUE[piece.name.kind], file=printable(piece.path), unit=unit)
        for piece in strays:
            if piece.file.facts:
                return restate(piece.file.facts)
        for path, reason in self.tree.sealed:
            return reason.of(printable(path))
        for path, reason in self.tree.left_out:
            if self._may_be(path, unit):
                return reason.of(printable(path))
        if self.tree.more:
            return say(MORE, most=f"{MOST_FILES:,}", unit=unit)
        return None

    def _may_be(self, path: str, unit: str) -> bool:
        """Whether a file that is not here may be a unit's work, or hold it; all that there is may.

        One of another unit's name is not, nor is data beside work.
        """
        piece = piece_of(Entry(path, lambda limit: b""), self.course)
        if piece.name.kind in PROGRAMS:
            return (piece.unit or piece.place) in ("", unit)
        return piece.name.kind in ("zip", "archive") or not self.pieces

    def _named(self, unit: str) -> list[Piece]:
        """The files of a unit's name, or else those in a folder of its name.

        What lies in another unit's folder is a copy for that one's use, unless it is all there is.
        """
        named = [piece for piece in self.pieces if piece.unit == unit]
        own = [piece for piece in named if piece.place in ("", unit)] or named
        return own if any(piece.is_code for piece in own) else own + self._placed(unit)

    def _placed(self, unit: str) -> list[Piece]:
        inside = [p for p in self.pieces if p.place == unit and not p.unit and not p.is_ours]
        functions = self._functions[unit]
        defining = [p for p in inside if p.is_code and p.content.defines(functions)]
        alone = len([piece for piece in inside if piece.is_code]) == 1
        return defining or (inside if alone else [p for p in inside if not p.is_code])

    def _strays(self, unit: str) -> list[Piece]:
        """Files without a unit's name that nothing imports; and those of a name that is wrong."""
        found = [piece for piece in self._loose if piece.place in ("", unit)]
        found += [p for p in self.pieces if p.unit and self._foreign(p, p.unit) == unit]
        return [p for p in found if p.file.notebook] if self._notebooks else found

    def _shared(self, unit: str) -> list[Piece]:
        """Files of other units' names with all of a unit's functions, beside their own."""
        others = (piece for piece in self.pieces if piece.unit and piece.is_code)
        fitting = [p for p in islice(others, MOST_STRAYS) if p.unit != unit and self._fits(p, unit)]
        return [p for p in fitting if p.file.notebook] if self._notebooks else fitting

    @cached_property
    def _loose(self) -> list[Piece]:
        """Programs without a unit's name that nothing imports; so many as are looked into."""
        programs = (p for p in self.pieces if p.name.kind in PROGRAMS and not p.unit)
        loose = (p for p in programs if not p.is_ours and not _is_imported(p, self._imported))
        return list(islice(loose, MOST_STRAYS))

    @cached_property
    def _imported(self) -> set[str]:
        """All that files with a unit's name import."""
        named = (piece for piece in self.pieces if piece.unit and piece.is_code)
        return {name for piece in islice(named, MOST_STRAYS) for name in piece.imports}

    def _fits(self, piece: Piece, unit: str) -> bool:
        return fits(piece.content, unit, self.course)

    def _foreign(self, piece: Piece, unit: str) -> str:
        """The unit whose functions a file has, all of them, where it has none of its own unit's."""
        if not unit or piece.content.open or piece.content.defines(self._functions[unit]):
            return ""
        return next((u for u in self.course.unit_names if u != unit and self._fits(piece, u)), "")

    @staticmethod
    def _how(piece: Piece, unit: str) -> How:
        return "asked" if piece.is_called(unit) else "renamed" if piece.unit else "placed"


def _is_imported(piece: Piece, imported: set[str]) -> bool:
    """Whether a file is a module that others import, or part of such a package."""
    return bool({*piece.entry.path.split("/")[:-1], piece.entry.name.split(".")[0]} & imported)


def _unread(told: Sentence, files: Sequence[str] = ()) -> Found:
    return Found(Work("unread", "", told.facts, list(files)))


def _undecided(template: str, unit: str, pieces: Sequence[Piece]) -> Found:
    files = [piece.file.name for piece in pieces]
    return _unread(say(template, unit=unit, files=listed(files)), files)
