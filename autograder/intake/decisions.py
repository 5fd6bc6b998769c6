"""SUBMISSIONS/intake.toml: which file counts, where that was not sure, by word of who grades.

["jane"]
attention = "attention (1).ipynb"   # a path in jane's folder; "" where nothing was handed in
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Sequence
from pathlib import Path

import msgspec

from autograder.core.course import Course
from autograder.core.errors import SubmissionsError
from autograder.core.files import read_regular
from autograder.core.text import printable

FILE = "intake.toml"
Decisions = dict[str, dict[str, str]]  # by the student's folder, then by unit


def load(submissions: Path, students: Sequence[str], course: Course) -> Decisions:
    """Read the decisions; none where there are none yet. Raises SubmissionsError."""
    path = submissions / FILE
    try:
        decided = msgspec.toml.decode(read_regular(path).removeprefix(BOM_UTF8), type=Decisions)
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise SubmissionsError(
            f'{path} cannot be read: {error}. It has a table a student, ["jane"], and in it lines '
            f'such as {course.unit_names[0]} = "my work (1).ipynb".'
        ) from error
    folders = {printable(student): student for student in students}
    for student, units in decided.items():
        if student not in folders:
            raise SubmissionsError(f"{path} decides for {student!r}, who has no folder there.")
        for unit in units.keys() - set(course.unit_names):
            known = ", ".join(course.unit_names)
            raise SubmissionsError(f"{path}, {student!r}: no unit {unit!r}. There are: {known}.")
    return {folders[student]: units for student, units in decided.items()}
