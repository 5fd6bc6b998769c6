"""The class: whose each folder of reports is, who is missing, and what is known of everybody."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from autograder.core.course import ON_CPU, Course
from autograder.core.errors import SubmissionsError
from autograder.core.text import several
from autograder.intake.collect import people
from autograder.marks import adjustments, handins, lateness, roster
from autograder.marks.adjustments import Adjustment
from autograder.marks.attempts import earlier
from autograder.marks.handins import HandedIn
from autograder.marks.lateness import Extension, handed_in
from autograder.marks.roster import Roster
from autograder.marks.settle import Known, missing, settle
from autograder.reports.people import NOBODY, Person, Place, Upload
from autograder.reports.reading import StudentReports
from autograder.reports.schema import Report
from autograder.reports.store import alike, read, safe_name

Whose = Person | str  # somebody of the roster; else what a file calls them, in small letters
Line = TypeVar("Line", Extension, Adjustment)
MOST = 20  # names that a note lists


class Files(NamedTuple):
    """What the class's own files say."""

    roster: Roster | None = None
    extensions: Sequence[tuple[str, Extension]] = ()
    adjustments: Sequence[tuple[str, Adjustment]] = ()


def load(course: Course, results: Path, now: datetime) -> Ledger:
    """The ledger of a folder of reports. Raises SubmissionsError and ResultsError."""
    folder = course.root / "course"
    files = Files(
        roster.load(folder / roster.FILE),
        lateness.load(folder / lateness.FILE),
        adjustments.load(folder / adjustments.FILE, course),
    )
    return Ledger(course, files, handins.load(results), now, results)


@dataclass
class _Seen:
    """What a pass over the reports has met. most: the points of each unit."""

    people: set[Person] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    apart: list[str] = field(default_factory=list)
    most: dict[str, float] = field(default_factory=dict)
    handed_in: set[str] = field(default_factory=set)
    tests: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, student: StudentReports, owners: Sequence[Person], course: Course) -> None:
        """Note a folder of reports."""
        self.people.update(owners)
        self.names |= {student.name, student.folder}
        self.apart += [] if owners else [student.name]
        for unit, report in student.reports.items():
            self.most[unit] = max(self.most.get(unit, 0.0), report.max_score)
            self.handed_in |= {unit} if report.status != "missing" else set()
            if unit in course.waive:
                ids = {test.id for test in report.tests}
                self.tests[unit] |= ids | {name.partition("[")[0] for name in ids}


class Ledger:
    """Makes marks of reports, those of one person after another.

    notes: what an instructor has to look at, once all reports were seen.
    """

    def __init__(
        self,
        course: Course,
        files: Files,
        handed: HandedIn | None,
        now: datetime,
        results: Path | None = None,
    ) -> None:
        """results: where earlier attempts are looked for. Raises SubmissionsError."""
        self.notes: list[str] = []
        self._course, self._now, self._results = course, now, results
        self._roster, self._handed = files.roster, handed
        self._rows = roster.by_folder(handed.people if handed else ())
        self._extensions = self._by_whose(files.extensions)
        self._adjusted = self._by_whose(files.adjustments)
        folders = handed.folders if handed else {}
        self._owners = {place: self._members(name) for place, name in folders.items()}
        times = Counter(person for owners in self._owners.values() for person in owners)
        self._shared = {person for person, count in times.items() if count > 1}
        self._taken = {alike(place) for place in folders}

    def over(self, students: Iterable[StudentReports]) -> Iterator[StudentReports]:
        """Everybody, each once: who has a folder of reports, then who has several, or none."""
        self.notes.clear()  # it stays the same list: whoever reads the reports adds to it
        seen = _Seen(most=self._begun())
        held: dict[Person, list[StudentReports]] = {}
        for student in students:
            owners = self._owners.get(student.folder)
            if owners is None:
                owners = [p for p in self._members(student.name) if p not in seen.people]
            seen.add(student, owners, self._course)
            for person in owners or [NOBODY]:
                one = self._known_as(student, person, alone=len(owners) < 2)
                if person in self._shared:
                    held.setdefault(person, []).append(one)
                else:
                    yield self._settled(one, seen.most)
        for some in held.values():
            yield self._settled(self._merged(some), seen.most, [one.source for one in some])
        for person in self._roster.people if self._roster else []:
            if person not in seen.people:
                nothing = StudentReports(self._name(person), self._free(person), {}, person, "in")
                yield self._settled(nothing, seen.most)
        self.notes += self._look(seen)

    def _begun(self) -> dict[str, float]:
        """The points of each unit that anybody has a report of, by one of these: what is asked of
        the first folder's owner follows from the last one's, too.
        """
        found = {}
        for unit in self._course.unit_names:
            paths = sorted(self._results.glob(f"*/{unit}.json")) if self._results else []
            if report := next(filter(None, map(read, paths)), None):
                found[unit] = report.max_score
        return found

    def overdue(self) -> list[bool]:
        """Which of the due dates have passed: all that marks depend on of what time it is."""
        extensions = [None, *(one for some in self._extensions.values() for one in some)]
        dues = [
            due
            for assignment in self._course.assignments.values()
            for extension in extensions
            if (due := lateness.due_for(assignment, extension))
        ]
        return [self._now >= due for due in dues]

    def _look(self, seen: _Seen) -> Iterator[str]:
        """What an instructor has to look at."""
        if self._roster and seen.apart:
            yield f"In no line of the roster, and listed apart: {several(seen.apart, MOST)}."
        for name, assignment in self._course.assignments.items():
            empty = [unit for unit in assignment.units if unit not in seen.handed_in]
            if empty and self._asks_for(empty[0], seen.most):
                yield f"Nobody handed in what {name} asks for: {', '.join(empty)}."
        names = {name.casefold() for name in seen.names}
        for file, rows in (("extensions", self._extensions), ("adjustments", self._adjusted)):
            if lost := [key for key in rows if isinstance(key, str) and key not in names]:
                yield f"course/{file}.csv names people whom nobody knows: {several(lost, MOST)}."
        for unit, waived in self._course.waive.items():
            unknown = [name for name in waived if name not in seen.tests[unit]]
            if unknown and unit in seen.handed_in:
                yield f"[waive.{unit}] names no test of any report: {', '.join(unknown)}."

    def _members(self, name: str) -> list[Person]:
        """Whose the work of a folder of submissions is, as far as the roster tells."""
        return self._roster.members(name, self._rows.get(name, [])) if self._roster else []

    def _name(self, person: Person) -> str:
        return self._roster.called[person] if self._roster else person.name

    def _known_as(self, student: StudentReports, person: Person, *, alone: bool) -> StudentReports:
        """A folder's reports as those of a person; each of a group has a page of their own."""
        place: Place = "in" if person is not NOBODY else "out" if self._roster else ""
        if self._handed and student.folder not in self._handed.folders:
            place = "gone"
        return replace(
            student,
            name=student.name if person is NOBODY else self._name(person),
            folder=student.folder if alone else self._free(person),
            person=person,
            place=place,
            source=student.folder,
        )

    def _free(self, person: Person) -> str:
        """A folder's name for a person's page, where their work lies in none of their own."""
        known = person.login or person.id or person.email or self._name(person)
        names = [safe_name(known), safe_name(self._name(person)), safe_name(f"{known} (2)")]
        return next((name for name in names if alike(name) not in self._taken), names[0])

    def _merged(self, found: Sequence[StudentReports]) -> StudentReports:
        """What one person has in several folders, together."""
        reports: dict[str, Report] = {}
        for one in found:
            for unit, report in one.reports.items():
                there = reports.get(unit)
                if there is None or there.status == "missing":
                    reports[unit] = report
                elif report.status != "missing":
                    folders = several([one.source for one in found])
                    self.notes.append(
                        f"{one.name} has {unit} in several folders ({folders}); "
                        "that in the first one counts."
                    )
        return replace(found[0], reports=reports)

    def _settled(
        self, student: StudentReports, most: Mapping[str, float], sources: Sequence[str] = ()
    ) -> StudentReports:
        """sources: the folders of reports, where these are several."""
        folders = self._handed.folders if self._handed else {}
        names = [folders.get(source, source) for source in sources or [student.source]]
        rows = [row for name in names for row in self._rows.get(name, [])]
        mine = [row for row in rows if self._is(row, student.person)] or rows[:1]
        known = self._known(student, names[0], mine)._replace(
            others=self._others(sources or [student.source])
        )
        attempts = earlier(self._results, student, known, self._course)
        full = replace(student, uploaded=self._uploaded(student, mine))
        if student.place == "in":
            full = replace(full, reports=self._nothing(student, most) | student.reports)
        return settle(full, known, attempts, self._course, self._now)

    def _others(self, sources: Sequence[str]) -> dict[str, Report]:
        """Somebody's reports of the units that are left out: what is asked for builds on them."""
        return {
            unit.name: report
            for unit in self._course.left_out
            for source in reversed(sources)
            if self._results and (report := read(self._results / source / f"{unit.name}.json"))
        }

    def _uploaded(self, student: StudentReports, rows: Sequence[people.Person]) -> Upload:
        """The hand-in of the units at hand; of several nobody knows which one is meant."""
        meant = [row for row in rows if row.unit in ("", *self._course.unit_names)]
        if self._handed is None or len(meant) != 1:
            return Upload()
        row = meant[0]
        if student.person is not NOBODY and not self._is(row, student.person):
            return Upload()  # a team's, whose number is none of its members'
        return Upload(self._handed.platforms.get(row.folder, ""), row.id, row.name, row.attempt)

    def _nothing(self, student: StudentReports, most: Mapping[str, float]) -> dict[str, Report]:
        """Reports of nothing: of what is asked for; of all that was graded, for who has none."""
        graded = student.reports.keys() | most.keys()
        return {
            unit.name: missing(student.name, unit, most.get(unit.name) or unit.max_score(ON_CPU))
            for unit in self._course.units
            if unit.name not in student.reports
            and (self._asks_for(unit.name, graded) or (unit.name in most and not student.reports))
        }

    def _asks_for(self, unit: str, graded: Collection[str]) -> bool:
        """Whether a unit is of an assignment that is due, or was begun to be graded."""
        _name, assignment = self._course.assignment_of(unit) or ("", None)
        if assignment is None:
            return False
        due = assignment.due is None or self._now >= assignment.due
        return due or any(other in graded for other in assignment.units)

    def _known(self, student: StudentReports, folder: str, rows: Sequence[people.Person]) -> Known:
        """What is known of somebody beside the reports."""
        keys: list[Whose] = [student.person]
        if student.person is NOBODY:
            keys = list(dict.fromkeys([student.name.casefold(), folder.casefold()]))
        zone = next((a.due for a in self._course.assignments.values() if a.due), None)
        return Known(
            {row.unit: handed_in(row.time, row.late, zone) for row in rows},
            {e.what: e for key in keys for e in self._extensions.get(key, [])},
            [row for key in keys for row in self._adjusted.get(key, [])],
        )

    def _is(self, row: people.Person, person: Person) -> bool:
        """Whether a row of a group is this person's."""
        find = self._roster.find if self._roster else lambda text: []
        return any(find(text) == [person] for text in (row.id, row.email, row.name) if text)

    def _by_whose(self, rows: Iterable[tuple[str, Line]]) -> dict[Whose, list[Line]]:
        """Rows of a file by whom they mean. Raises SubmissionsError where that is not sure."""
        found: dict[Whose, list[Line]] = {}
        for where, row in rows:
            meant = self._roster.find(row.student) if self._roster else []
            if len(meant) > 1:
                raise SubmissionsError(
                    f"{where}: {row.student!r} may be {len(meant)} people of the roster. "
                    "Name the login, the number or the e-mail."
                )
            found.setdefault(meant[0] if meant else row.student.casefold(), []).append(row)
        return found
