"""Classroom 50: what an assignment's folder there holds, for the public tests of a repository.

The folder is published where anyone can read it, at most 10 MiB of it: nothing hidden is in it.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from autograder.core.course import ON_CPU, Course
from autograder.core.language import Language
from autograder.release import classroom50_run
from autograder.release.students import release
from autograder.release.templating import read_whole


def assignment_folder(
    course: Course, folder: Path, language: Language, assignments: Sequence[str] = ()
) -> None:
    """Write <classroom>/autograders/<assignment>/ of the teacher's repository. See `release`."""
    files = folder / classroom50_run.BESIDE
    release(course, files, language, assignments=assignments)
    shutil.rmtree(files / "lessons")  # which nobody reads there
    exercises = [
        {"unit": unit.name, "exercise": one.name, "max-score": one.max_score(ON_CPU)}
        for unit in course.only(assignments).units
        for one in unit.exercises
    ]
    text = msgspec.json.format(msgspec.json.encode(exercises)) + b"\n"
    (folder / classroom50_run.EXERCISES).write_bytes(text)
    (folder / "autograder.py").write_bytes(read_whole(Path(classroom50_run.__file__)))
