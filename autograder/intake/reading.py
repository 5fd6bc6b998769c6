"""One student's folder in, one submission out; names and contents are trusted by nobody.

Layouts: `<student>/<unit>.py`, `<student>/<unit>.ipynb`, nbgrader's `<student>/<unit>/<any one
file>`, a clone of the student's repository, and whatever else people, browsers and platforms make
of these, packed or not.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from autograder.core.course import Course
from autograder.core.errors import SubmissionsError
from autograder.core.language import restate, say
from autograder.core.text import printable
from autograder.intake import left_out
from autograder.intake.find import Found, Search
from autograder.intake.helpers import IMPORTS, Helpers, Library
from autograder.intake.names import is_noise, read_name
from autograder.intake.pieces import Piece
from autograder.intake.submission import File, Submission, digest_of
from autograder.intake.tree import look_through


def find_students(folder: Path, course: Course) -> list[str]:
    """The names of the students' folders, sorted. Raises SubmissionsError where there are none."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise SubmissionsError(f"{folder} cannot be read: {error.strerror}.") from error
    students = [
        entry.name
        for entry in entries
        if entry.is_dir(follow_symlinks=False) and not is_noise(entry.name)
    ]
    if students:
        return students
    names = {entry.name for entry in entries}
    own = [f"{unit}{suffix}" for unit in course.unit_names for suffix in (".py", ".ipynb")]
    if found := [name for name in own if name in names]:
        raise SubmissionsError(
            f"{folder} holds {found[0]} itself. Name the folder above it: one folder a student, "
            f"as in {folder.parent}/<student>/{found[0]}."
        )
    raise SubmissionsError(
        f"{folder} holds no submissions. Expected one folder a student, "
        f"as in {folder}/<student>/{own[0]}."
    )


def beside(folder: Path) -> list[str]:
    """What lies beside the students' folders and may be somebody's: programs, archives, links."""
    work = ("python", "notebook", "zip", "archive")
    with os.scandir(folder) as entries:
        return sorted(
            entry.name
            for entry in entries
            if not is_noise(entry.name)
            if entry.is_symlink() or (entry.is_file() and read_name(entry.name).kind in work)
        )


def read(
    folder: Path,
    student: str,
    course: Course,
    *,
    notebooks: bool = False,
    decided: Mapping[str, str] | None = None,
) -> Submission:
    """Read everything that one student handed in; of the units, where asked, only notebooks.

    decided: by unit, which file whoever grades has chosen (see decisions.py). Raises
    SubmissionsError where that is not there, or a note of `collect` cannot be read.
    """
    tree = look_through(folder / student, left_out.load(folder, student))
    search = Search(student, tree, course, decided or {}, notebooks)
    found = search.run()
    mains = {unit: each.piece for unit, each in found.items() if each.piece}
    ready = {unit: mains[unit] for unit, each in found.items() if each.work.state == "read"}
    library = Library(search.pieces, course)
    imported: dict[str, Helpers] = {}
    for unit, piece in ready.items():
        imported[unit], told = library.of(piece, ready)
        if told:
            found[unit].give_up(told)
    while any(_spread(found[unit], found) for unit in ready):
        pass
    files = [_file(unit, piece, found[unit]) for unit, piece in mains.items()]
    files += _helper_files(imported)
    used = [*mains.values(), *(piece for some in imported.values() for piece in some.values())]
    roles = {unit.name: ", ".join(e.name for e in unit.exercises) for unit in course.units}
    return Submission(
        printable(student),
        files,
        digest_of(os.fsencode(student), files, roles),
        {unit: each.work for unit, each in found.items()},
        search.unknown(used),
        not search.handed_in(),
    )


def _spread(each: Found, found: Mapping[str, Found]) -> bool:
    """Give a file up that imports another unit's which was given up; whether that was so."""
    if each.piece is None or each.work.state != "read":
        return False
    for unit in sorted(each.piece.modules & found.keys()):
        if found[unit].work.state == "unread":
            why = restate(found[unit].work.facts)
            each.give_up(say(IMPORTS, file=each.piece.file.name, module=unit, why=why))
            return True
    return False


def _file(unit: str, piece: Piece, found: Found) -> File:
    """A unit's file, with what is wrong with it."""
    return msgspec.structs.replace(piece.file, module=unit, facts=found.work.facts)


def _helper_files(imported: Mapping[str, Helpers]) -> list[File]:
    """The helpers, each once, with the units that it is a helper of."""
    users: dict[tuple[str, Piece], list[str]] = {}
    for unit, some in imported.items():
        for module, piece in some.items():
            users.setdefault((module, piece), []).append(unit)
    return [
        msgspec.structs.replace(piece.file, module=module, units=units)
        for (module, piece), units in sorted(users.items(), key=lambda item: item[0][0])
    ]
