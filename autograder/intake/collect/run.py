"""From a download, or repositories, to a folder a student: the whole of `autograder collect`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import msgspec

from autograder.core.course import Course
from autograder.core.errors import SubmissionsError
from autograder.core.manifest import MANIFEST, differences, read_manifest
from autograder.core.text import one_line, printable
from autograder.intake.collect import people, platforms, repositories
from autograder.intake.collect.archives import Lost, Quota, copied, digests, hoist, unpack
from autograder.intake.collect.download import opened
from autograder.intake.collect.people import Person
from autograder.intake.collect.platforms import HABITS, Attempt, ClassWork, Handin
from autograder.intake.collect.shelf import Collected, Shelf
from autograder.intake.left_out import MOST
from autograder.intake.names import plain


@dataclass
class Summary:
    """What a run did.

    counts: of students by what became of them, and of files, late ones, earlier attempts, groups.
    unknown: files that are nobody's. gone: folders of an earlier run that this download lacks.
    """

    platform: str
    counts: Counter[str] = field(default_factory=Counter)
    unknown: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Staged(NamedTuple):
    """Work that is copied and unpacked, and about to be put into its place."""

    place: str
    folder: Path
    note: Collected
    rows: list[Person]


def collect(
    course: Course, path: Path, into: Path, asked: str | None = None, unit: str = ""
) -> Summary:
    """Collect a download, a folder or zip, into a folder; unit: what all of it is for, if anything.

    Raises SubmissionsError where the download cannot be used, ResultsError where the folder cannot
    be written to.
    """
    here, there = path.resolve(), into.resolve()
    if here.is_relative_to(there) or there.is_relative_to(here):
        raise SubmissionsError(f"{path} and {into} are in one another. Name another: --into DIR.")
    with opened(path) as download:
        found = platforms.read(download, course.unit_names, asked, str(path))
        return _collected(course, found, found.works, into, unit)


def fetch(course: Course, source: str, into: Path, unit: str = "") -> Summary:
    """Collect repositories: of the list in a file, or all of ORG/PREFIX on GitHub. See collect."""
    found = ClassWork("github", [])
    wanted = repositories.wanted(source)
    return _collected(course, found, repositories.works(wanted, found.notes), into, unit)


def _collected(
    course: Course, found: ClassWork, works: Iterable[Handin], into: Path, unit: str
) -> Summary:
    shelf, summary = Shelf.at(into), Summary(found.platform, unknown=found.unknown)
    summary.notes = found.notes
    rows = people.read(into)
    try:
        staged = [_stage(work, course, shelf, unit, summary) for work in works]
        if not staged:
            notes = map(one_line, found.notes)
            raise SubmissionsError("\n".join(["There is no work in it.", *notes]))
        _refuse(staged, shelf, course, unit)
        states = [shelf.put(w.place, w.folder, w.note, summary.notes) for w in staged]
    finally:
        shelf.finish()
    summary.gone = _gone(shelf, staged, found.platform, unit)
    summary.counts.update(states)
    current = [work for work, state in zip(staged, states, strict=True) if state != "older"]
    now = [row for work in current for row in work.rows]
    before = (shelf.known.get(work.place) for work in current)
    written = {key for note in before if note for key in note.people}
    people.save(into, people.merge(rows, now, written))
    return summary


def _stage(work: Handin, course: Course, shelf: Shelf, unit: str, summary: Summary) -> Staged:
    """Copy and unpack all attempts of somebody; earlier ones are put away at once."""
    folder = shelf.folder(summary.platform, work.key, work.label)
    place = f"{folder}/{unit}" if unit else folder
    *earlier, last = work.attempts
    for number, attempt in enumerate(earlier, 1):
        label = attempt.order.lstrip("0").replace(":", "") or str(number)
        target = shelf.stage(f"{number}/{place}")
        copied(attempt.files, target, Quota(), Lost())
        shelf.keep_earlier(place, target, label)
    target, lost = shelf.stage(f"last/{place}"), Lost()
    copied(last.files, target, Quota(), lost)
    unpack(target, Quota(), lost)
    _read_manifest(target, course, lost.said)
    if last.typed or not last.files:
        typed = "; what was typed is kept." if last.typed else "."
        lost.said.append("no file was handed in" + typed)
    summary.notes += [f"{place}: {note}" for note in lost.said]
    files = digests(target)
    group = work.people or [Person()]
    rows = [_row(person, last, folder, unit) for person in group]
    summary.counts.update(
        students=1, files=len(files), earlier=len(earlier), late=bool(last.facts.late)
    )
    summary.counts["groups"] += len(group) > 1
    keys, left_out = [row.key for row in rows], lost.files[:MOST]
    note = Collected(summary.platform, work.key, unit, last.order, files, keys, left_out)
    return Staged(place, target, note, rows)


def _row(person: Person, attempt: Attempt, folder: str, unit: str) -> Person:
    facts = attempt.facts
    return msgspec.structs.replace(
        facts, folder=folder, unit=unit, id=person.id, name=person.name, email=person.email
    )


def _read_manifest(folder: Path, course: Course, said: list[str]) -> None:
    """Where `autograder handin` packed the work, lay it out as it was, and check it."""
    path = hoist(folder, lambda path: read_manifest(path) is not None, MANIFEST)
    manifest = read_manifest(path) if path else None
    if path and manifest:
        if manifest.course != course.title.en:
            said.append(f"packed for another course, {printable(manifest.course[:99])}.")
        changed = differences(path.parent, manifest)
        said += [f"{printable(name)} is not as it was packed." for name in changed]


def _refuse(staged: Sequence[Staged], shelf: Shelf, course: Course, unit: str) -> None:
    """Raise SubmissionsError where this would put the work of one assignment over another's."""
    if staged[0].note.platform == "zips":
        inner = [platforms.recognise(work.folder, course.unit_names) for work in staged]
        if all(found and found not in HABITS for found in inner):
            raise SubmissionsError(
                f"These zips are themselves downloads from {inner[0]}: collect each by its name."
            )
    if any(bool(note.unit) != bool(unit) for note in shelf.known.values()):
        raise SubmissionsError(
            f"{shelf.root} was collected {'without' if unit else 'with'} --unit, and this is not. "
            "Do as before, or name another folder: --into DIR."
        )
    before = [shelf.known[work.place].files for work in staged if work.place in shelf.known]
    old, new = (_units(files, course) for files in (before, [w.note.files for w in staged]))
    if old and new and not old & new:
        raise SubmissionsError(
            f"{shelf.root} holds {', '.join(sorted(old))}, and this download "
            f"{', '.join(sorted(new))}: is it another assignment? Collect each with its --unit, "
            "into a new folder, or into a folder of its own: --into DIR."
        )


def _units(listings: Iterable[Iterable[str]], course: Course) -> set[str]:
    """The units that files are named after."""
    names = (plain(PurePosixPath(name).name)[0].casefold() for files in listings for name in files)
    return set(course.unit_names).intersection(names)


def _gone(shelf: Shelf, staged: Sequence[Staged], platform: str, unit: str) -> list[str]:
    here = {work.place for work in staged}
    return [
        place
        for place, note in sorted(shelf.known.items())
        if (note.platform, note.unit) == (platform, unit) and place not in here
    ]
