"""What Gradescope tells of a submission in submission_metadata.json, and what follows from it.

Source: github.com/gradescope/autograder_samples, docs/submission_metadata.md at commit
61c849d44080a05002ba382ceda401d3126d3123: total_points is a string there, and who hands in with
others are several users with one submission.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from autograder.core.course import Course, Unit
from autograder.core.files import NOT_READ
from autograder.core.language import Language, render, say
from autograder.grading.protocol import Options
from autograder.reports.people import BEST
from autograder.reports.table import moment

FILE = "submission_metadata.json"
Test = dict[str, Any]  # of a results.json


class Asked(msgspec.Struct, frozen=True):
    """The assignment there."""

    total_points: float | None = None
    due_date: datetime | None = None


class Before(msgspec.Struct, frozen=True):
    """An earlier attempt, and what run_autograder wrote of it, if anything."""

    submission_time: datetime | None = None
    results: dict[str, Any] | None = None


class Metadata(msgspec.Struct, frozen=True):
    """A submission, whoever handed it in."""

    created_at: datetime | None = None
    assignment: Asked = Asked()
    previous_submissions: list[Before] = []


def read(root: Path) -> tuple[Metadata, list[str]]:
    """What there is to know; and a sentence where the file is there and is not understood."""
    try:
        data = (root / FILE).read_bytes()
    except FileNotFoundError:
        return Metadata(), []
    try:
        return msgspec.json.decode(data, type=Metadata, strict=False), []
    except NOT_READ as error:
        told = f"{FILE} is not understood ({error}): points, due dates and attempts were ignored."
        return Metadata(), [told]


def warnings(
    found: Metadata, course: Course, units: Sequence[Unit], *, speed: bool
) -> Iterator[str]:
    """Where the assignment there differs from the manifest's: for instructors."""
    kinds = Options(speed=speed).kinds
    most = sum(unit.max_score(kinds) for unit in units)
    if (points := found.assignment.total_points) not in (None, most):
        yield (
            f"The assignment has {points:g} points, its tests count {most}. "
            f"Set the assignment's points to {most}."
        )
    assigned = filter(None, (course.assignment_of(unit.name) for unit in units))
    for name, assignment in dict(assigned).items():
        due, there = assignment.due, found.assignment.due_date
        if due and there and due != there:
            yield f"{name} is due {moment(due)} in course.toml, and {moment(there)} in Gradescope."
        if (
            (assignment.penalty > 0 or assignment.cap < 1)
            and due
            and found.created_at
            and found.created_at > due + timedelta(minutes=assignment.grace_minutes)
        ):
            yield (
                f"It was handed in {moment(found.created_at)}, after {moment(due)}: what "
                "course.toml takes off late work is not taken off here. To have it, download the "
                "submissions, then `autograder collect` and `autograder grade`."
            )


def counted(
    data: bytes, found: Metadata, course: Course, units: Sequence[Unit], language: Language
) -> bytes:
    """A results.json, with each unit's best attempt in it where the manifest lets the best count.

    An attempt at other tests, or at so many other points, is not compared.
    """
    content = msgspec.json.decode(data)
    tests, told = content["tests"], []
    for unit in units:
        rule = course.assignment_of(unit.name)
        if rule and rule[1].attempts == "best":
            mine = _of(tests, unit.title.in_(language))
            best, when = _best(mine, found.previous_submissions, unit.title.in_(language))
            if when:
                at = tests.index(mine[0])
                rest = [test for test in tests if test not in mine]
                tests = [*rest[:at], *best, *rest[at:]]
                attempt = f"{unit.name}, {when}"
                told.append(render(say(BEST, attempt=attempt).facts, language))
    if not told:
        return data
    content["output"] = "\n".join(filter(None, [content["output"], *told]))
    content |= {"tests": tests, "score": _sum("score", tests)}
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def _best(mine: list[Test], before: Sequence[Before], title: str) -> tuple[list[Test], str]:
    """A unit's tests of the best attempt, and when that was: "" where it is this one."""
    best, when = mine, ""
    for one in before:
        tests = _of((one.results or {}).get("tests") or (), title)
        alike = _sum("max_score", tests) == _sum("max_score", mine)
        if mine and alike and _sum("score", tests) > _sum("score", best):
            best, when = tests, moment(one.submission_time) if one.submission_time else "?"
    return best, when


def _of(tests: Sequence[Test], title: str) -> list[Test]:
    """A unit's tests, by the title that their names begin with."""
    return [test for test in tests if f"{test.get('name', '')}: ".startswith(f"{title}: ")]


def _sum(what: str, tests: Sequence[Test]) -> float:
    return round(math.fsum(test.get(what) or 0.0 for test in tests), 6)
