"""course/roster.csv: who is in the class, under the headers that platforms export.

What each platform writes was looked up in its source or documentation; see docs/marks.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from autograder.core.errors import SubmissionsError
from autograder.intake.collect import people
from autograder.marks.tables import Row, read
from autograder.reports.people import Person

FILE = "roster.csv"
# Canvas's gradebook; Moodle's grading worksheet, participants and grader report; Gradescope's
# roster and grades; nbgrader's students; and plain words.
COLUMNS = {
    "name": ("name", "full name", "student", "student name", "姓名"),
    "first": ("first name", "first_name", "firstname", "名"),
    "last": ("last name", "surname", "last_name", "lastname", "姓"),
    "id": ("id number", "sis user id", "sid", "student id", "id", "学号"),
    "login": ("login", "sis login id", "username", "登录名"),
    "email": ("e-mail", "email", "email address", "邮箱", "电子邮件"),
    "section": ("section", "sections", "班级"),
    "group": ("group", "groups", "小组"),
    "language": ("language", "lang", "语言"),
    "canvas": (),
    "moodle": ("identifier",),
}
CANVAS = "sis login id"  # a column that all of its exports have; `ID` is then its own
NBGRADER = {"first_name", "lms_user_id"}  # its `id` is the login
TEST_STUDENT = "Student, Test"  # Canvas's, which is nobody
STAFF = ("instructor", "ta", "reader")  # by Gradescope's column `Role`
UNIQUE = ("canvas", "moodle", "id", "login", "email")
LANGUAGES = {"en": "en", "english": "en", "zh": "zh", "chinese": "zh", "中文": "zh"}
EAST = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")  # names without a space


class Roster:
    """The people of a class, found by whatever is known of them."""

    def __init__(self, members: Sequence[Person]) -> None:
        self.people = list(members)
        self.called = _told_apart(members)
        self._ids: dict[str, list[Person]] = {}
        self._names: dict[str, list[Person]] = {}
        self._groups: dict[str, list[Person]] = {}
        for person in self.people:
            for key in {key for field in UNIQUE for key in _keys(getattr(person, field))}:
                self._ids.setdefault(key, []).append(person)
            for name in {_plain(name) for name in _orders(person.name)}:
                self._names.setdefault(name, []).append(person)
            if person.group:
                self._groups.setdefault(_plain(person.group), []).append(person)

    def find(self, text: str) -> list[Person]:
        """All who may be meant by a number, a login, an address or a name."""
        key = _plain(text)
        return self._ids.get(key) or self._names.get(key, [])

    def members(self, folder: str, rows: Iterable[people.Person]) -> list[Person]:
        """Whose work a folder holds; none where that is not sure.

        rows: what the platform said of it, a person each.
        """
        found = [self._one([row.id, row.email], [row.name]) for row in rows]
        known = [person for person in found if person] or [
            *filter(None, [self._one([folder], [folder])])
        ]
        if known:
            return list(dict.fromkeys(known))
        named = (self._groups.get(_plain(name)) for name in [folder, *(r.name for r in rows)])
        return next(filter(None, named), [])

    def _one(self, ids: Sequence[str], names: Sequence[str]) -> Person | None:
        """The one person whom an id, or else a name, belongs to."""
        strong = [p for text in ids if text for p in self._ids.get(_plain(text), [])]
        weak = [p for text in names if text for p in self._names.get(_plain(text), [])]
        hits = dict.fromkeys(strong or weak)
        if len(hits) > 1:  # one platform's number is another's, too: the name decides
            hits = dict.fromkeys(person for person in hits if strong and person in weak)
        return next(iter(hits)) if len(hits) == 1 else None


def load(path: Path) -> Roster | None:
    """Read a roster; None where there is none. Raises SubmissionsError."""
    rows = read(path)
    if rows is None:
        return None
    members: dict[tuple[str, str], Person] = {}
    found = list(dict.fromkeys(p for row in rows if (p := _person(row))))
    if not found:
        known = ", ".join(column for some in COLUMNS.values() for column in some[:2])
        raise SubmissionsError(f"{path} names nobody. Columns that are known: {known}.")
    for person in found:
        for field in UNIQUE:
            value = _plain(getattr(person, field))
            if value and members.setdefault((field, value), person) is not person:
                raise SubmissionsError(f"{path} has {getattr(person, field)!r} twice, as {field}.")
    return Roster(found)


def _person(row: Row) -> Person | None:
    """A row as a person; None where it is no student's."""
    found = {field: row.first(columns) for field, columns in COLUMNS.items()}
    first, last = found.pop("first"), found.pop("last")
    if not found["name"]:
        found["name"] = last + first if EAST.fullmatch(last + first) else f"{first} {last}".strip()
    if CANVAS in row.cells:
        found["canvas"], found["id"] = row.first(["id"]), row.first(["sis user id"])
    if NBGRADER & row.cells.keys():
        found["login"] = found["login"] or found["id"]
    found["language"] = LANGUAGES.get(found["language"].casefold(), "")
    staff = row.first(["role"]).casefold() in STAFF
    nobody = found["name"] in ("Points Possible", TEST_STUDENT)
    if staff or nobody or not any(found[field] for field in ("name", *UNIQUE)):
        return None
    return msgspec.convert(found, Person)


def _told_apart(found: Sequence[Person]) -> dict[Person, str]:
    """What each is called on a page: who shares a name with another is called by more."""
    named = {person: person.name or _other(person) for person in found}
    times, numbers = Counter(named.values()), Counter[str]()
    for person, name in named.items():
        numbers[name] += 1
        if times[name] > 1:
            named[person] = f"{name} ({_other(person) or numbers[name]})"
    return named


def _other(person: Person) -> str:
    return person.login or person.id or person.email or person.canvas or person.moodle


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _keys(text: str) -> list[str]:
    """What somebody with this number is found by: Moodle's is `Participant 4711`, or 4711."""
    return [key for key in (_plain(text), _plain(text).rpartition(" ")[2]) if key]


def _orders(name: str) -> list[str]:
    """A name as it stands, and `Roe, Jane` as `Jane Roe`."""
    last, comma, first = name.partition(",")
    return [name, f"{first} {last}"] if comma else [name] if name else []


def by_folder(rows: Iterable[people.Person]) -> Mapping[str, list[people.Person]]:
    """The rows of people.csv by the folder that they are of."""
    found: dict[str, list[people.Person]] = {}
    for row in rows:
        found.setdefault(row.folder, []).append(row)
    return found
