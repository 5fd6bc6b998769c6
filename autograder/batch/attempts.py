"""The earlier attempts that `collect` keeps, graded like any other work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from autograder.batch.run import Batch
from autograder.core.course import Unit
from autograder.intake.collect.shelf import EARLIER

FOLDER = "attempts"  # of a student's folder of reports


def earlier(batch: Batch) -> Iterator[Batch]:
    """A batch a student: each attempt is a folder in it, RESULTS/<student>/attempts/<n>/.

    What was collected for one unit lies a level deeper.
    """
    units = {unit.name: unit for unit in batch.units}
    for student in batch.students:
        place = batch.submissions / EARLIER / student
        folders = {path.name: path for path in place.iterdir()} if place.is_dir() else {}
        asked: list[tuple[Path, Sequence[Unit]]] = [
            (folders[name], [units[name]]) for name in units if name in folders
        ]
        if folders.keys() - set(batch.course.unit_names):
            asked.append((place, batch.units))
        for folder, some in asked:
            results = batch.results / batch.folders[student] / FOLDER
            yield Batch(batch.course, folder, results, some, batch.options, fresh=batch.fresh)
