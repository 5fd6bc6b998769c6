"""submissions/people.csv: whose work each folder holds, as the platform knows them.

Several rows with one folder are a group: its work is graded once, and counts for each. Rows that
somebody else has added stay, and so does what was filled in where the platform says nothing.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable
from pathlib import Path

import msgspec

from autograder.core.errors import SubmissionsError
from autograder.core.files import read_regular
from autograder.reports.store import write
from autograder.reports.table import csv_of, formula

FILE = "people.csv"
COLUMNS = ("folder", "id", "name", "e-mail", "time", "attempt", "claimed", "late", "unit")


Key = tuple[str, str, str]


class Person(msgspec.Struct, frozen=True, rename={"email": "e-mail"}):
    """A row: a person, and the hand-in that counts for them; "" is what the platform does not say.

    id: the platform's own. time: when it was handed in, by the platform's clock (ISO 8601).
    attempt: which one it is, as the platform tells them apart. claimed: a time that the student's
    own computer wrote, which decides nothing. late: "late" where the platform says so. unit: what
    it was collected for, "" for all.
    """

    folder: str = ""
    id: str = ""
    name: str = ""
    email: str = ""
    time: str = ""
    attempt: str = ""
    claimed: str = ""
    late: str = ""
    unit: str = ""

    @property
    def key(self) -> Key:
        """What makes two rows the same."""
        return self.folder, self.id or self.name, self.unit


def read(submissions: Path) -> list[Person]:
    """The rows of people.csv; none where there is none. Raises SubmissionsError."""
    path = submissions / FILE
    try:
        text = read_regular(path).decode("utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        rows, columns = list(reader), reader.fieldnames
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SubmissionsError(
            f"{path} cannot be read: {error}. Save it as CSV in UTF-8."
        ) from error
    if "folder" not in (columns or ()):
        raise SubmissionsError(f"{path} has no column `folder`. Mend its first line, or delete it.")
    known = ({name: _text(row.get(name)) for name in COLUMNS if row.get(name)} for row in rows)
    return [msgspec.convert(row, Person) for row in known]


def merge(before: Iterable[Person], now: Iterable[Person], gone: Collection[Key]) -> list[Person]:
    """The rows there are after a run. gone: the keys of rows that an earlier one wrote."""
    old = {person.key: person for person in before}
    kept = {key: person for key, person in old.items() if key not in gone}
    return sorted(
        (kept | {new.key: _filled(new, old.get(new.key)) for new in now}).values(),
        key=lambda person: person.key,
    )


def save(submissions: Path, people: Iterable[Person]) -> None:
    """Write people.csv, for spreadsheets too. Raises ResultsError."""
    rows = [COLUMNS, *(msgspec.to_builtins(person).values() for person in people)]
    write(submissions / FILE, csv_of(rows).encode("utf-8-sig", "replace"))


def _filled(new: Person, old: Person | None) -> Person:
    """A row with the name and address that it had, where the platform gives none."""
    if old is None:
        return new
    return msgspec.structs.replace(new, name=new.name or old.name, email=new.email or old.email)


def _text(cell: object) -> str:
    """A cell without the quotes that keep a spreadsheet from running it."""
    return formula(str(cell))
