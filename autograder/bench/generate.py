"""A class of any size, made from the sample class: as right and as wrong as that."""

from __future__ import annotations

import itertools
from pathlib import Path

from autograder.core.course import Course


def generate(course: Course, folder: Path, count: int, unit: str) -> list[Path]:
    """Write `count` submissions of a unit into a new folder; each differs from all others.

    Raises FileNotFoundError where the course has no sample class.
    """
    programs = sample(course, unit)
    made = []
    for number, program in zip(range(count), itertools.cycle(programs), strict=False):
        path = folder / f"student {number:06}" / f"{unit}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(program + f"\n# submission {number}\n".encode())
        made.append(path)
    return made


def sample(course: Course, unit: str) -> list[bytes]:
    """The sample class's programs for a unit, in the order of their names.

    Endless ones are left out: their seconds would hide everybody else's.
    """
    files = sorted((course.root / "course" / "sample_class").glob(f"*/{unit}.py"))
    programs = [path.read_bytes() for path in files if path.parent.name not in course.about.endless]
    if not programs:
        raise FileNotFoundError(f"The sample class has no {unit}.py.")
    return programs
