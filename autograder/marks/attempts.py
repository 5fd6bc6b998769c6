"""Earlier attempts: RESULTS/<student>/attempts/<n>/<unit>.json, which `grade --attempts` writes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from autograder.batch.attempts import FOLDER
from autograder.core.course import Course
from autograder.marks.lateness import Handed
from autograder.marks.settle import Attempt, Known
from autograder.reports.reading import StudentReports
from autograder.reports.store import read

MOST = 100  # that are looked at


def earlier(
    results: Path | None, student: StudentReports, known: Known, course: Course
) -> Mapping[str, list[Attempt]]:
    """The earlier attempts by unit, the first one first; none where there are none."""
    place = results / student.source / FOLDER if results and student.source else None
    if place is None or not place.is_dir():
        return {}
    found: dict[str, list[Attempt]] = {}
    for folder in sorted(place.iterdir(), key=_order)[:MOST]:
        for unit in course.unit_names:
            if (report := read(folder / f"{unit}.json")) and report.mark is not None:
                last = known.handed.get(unit) or known.handed.get("") or Handed()
                found.setdefault(unit, []).append(
                    Attempt(folder.name, report, _handed(folder.name, last))
                )
    return found


def _order(folder: Path) -> tuple[str, int, str]:
    """Numbers as numbers, after those of other forms with the same beginning."""
    number = re.search(r"\d+$", folder.name)
    return folder.name.rstrip("0123456789"), int(number[0][:9]) if number else 0, folder.name


def _handed(name: str, last: Handed) -> Handed:
    """When an attempt was handed in: as its name says, or else no later than the last one."""
    try:
        found = datetime.fromisoformat(name)
    except ValueError:
        return last
    return Handed(found.replace(tzinfo=last.time.tzinfo if last.time else found.tzinfo))
