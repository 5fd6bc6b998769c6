"""Which folder of submissions is meant by what an instructor calls a student."""

from __future__ import annotations

from autograder.batch.run import Batch
from autograder.core.course import Course
from autograder.core.errors import SubmissionsError
from autograder.core.text import printable, several
from autograder.intake.collect import people
from autograder.marks import roster


def folder_of(text: str, batch: Batch, course: Course) -> str:
    """The folder of that name, or of whom the roster or people.csv knows by it.

    Raises SubmissionsError where there is none, or more than one.
    """
    if text in map(printable, batch.students):
        return next(name for name in batch.students if printable(name) == text)
    found = roster.load(course.root / "course" / roster.FILE)
    rows = roster.by_folder(people.read(batch.submissions))
    known = found or roster.Roster(())
    meant = set(known.find(text))
    wanted = text.casefold()
    folders = [
        name
        for name in batch.students
        if meant & set(known.members(name, rows.get(name, [])))
        or wanted in (t.casefold() for r in rows.get(name, []) for t in (r.id, r.name, r.email))
    ]
    if len(folders) != 1:
        several_ = f"may be any of {several(folders)}" if folders else "has no folder"
        raise SubmissionsError(f"{text!r} {several_} in {batch.submissions}.")
    return folders[0]
