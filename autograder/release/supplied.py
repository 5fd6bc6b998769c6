"""Units that assigned ones import, and that nobody is asked for: their solutions are supplied.

The students' release has them, and who hands in without them is graded with them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from autograder.core.course import Course
from autograder.core.digest import digest
from autograder.core.errors import CourseError
from autograder.intake.content import imports
from autograder.intake.submission import File, Submission
from autograder.release.templating import read_whole

HEADER = re.compile(r"^(?=\[(?!\[units\.))", re.MULTILINE)  # exercises stay with their unit
TABLE = re.compile(r'\[(assignments|waive)\."?([^".\]]+)"?')


def supplied(course: Course) -> dict[str, str]:
    """The solutions by unit; none where the manifest has no assignments."""
    assigned = {unit for one in course.assignments.values() for unit in one.units}
    found: dict[str, str] = {}
    asked = sorted(assigned)
    for unit in asked:  # which grows
        text = found.get(unit) or _solution(course, unit)
        for name in sorted(imports([text]) & set(course.unit_names) - assigned - found.keys()):
            found[name] = _solution(course, name)
            asked.append(name)
    return found


def _solution(course: Course, unit: str) -> str:
    return read_whole(course.root / "solutions" / f"{unit}.py").decode()


def complete(handed_in: Submission, given: dict[str, str]) -> Submission:
    """A submission with what is supplied and was not handed in; its digest says so."""
    lacking = {name: text for name, text in given.items() if handed_in.file(name) is None}
    if not lacking or handed_in.empty:
        return handed_in
    files = [File(name, f"{name}.py", [text]) for name, text in lacking.items()]
    parts = [handed_in.digest, *(part for item in lacking.items() for part in item)]
    return msgspec.structs.replace(
        handed_in,
        files=[*handed_in.files, *files],
        digest=digest(part.encode() for part in parts),
    )


def narrowed(manifest: str, course: Course, names: Sequence[str]) -> str:
    """The text of course.toml with some assignments and their units alone.

    Raises CourseError where it is written in a way that this does not see through.
    """
    only = course.only(names)
    kept = [block for block in HEADER.split(manifest) if _is_kept(block, only)]
    text = "".join(kept)
    found = msgspec.toml.decode(text)
    if [unit["name"] for unit in found.get("units", [])] != only.unit_names:
        raise CourseError("course.toml cannot be cut: begin each [[units]] and [table] on a line.")
    return text


def _is_kept(block: str, only: Course) -> bool:
    if block.startswith("[[units]]"):
        named = re.search(r'^name = "([^"]*)"', block, re.MULTILINE)
        return named is not None and named[1] in only.unit_names
    table = TABLE.match(block)
    return table is None or table[2] in [*only.assignments, *only.unit_names]
