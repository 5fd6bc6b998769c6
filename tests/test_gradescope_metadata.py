"""What follows from submission_metadata.json; tests/test_gradescope.py has a real submission."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from reports import report, result, student_of
from test_marks import course_with

from autograder.core.course import Course
from autograder.release import gradescope_metadata
from autograder.release.gradescope_metadata import Asked, Before, Metadata, counted, read, warnings
from autograder.reports.exports.gradescope import results

WHEN = datetime(2026, 10, 11, 12, tzinfo=UTC)


def written(course: Course, *units: str) -> dict[str, Any]:
    """A results.json in which these units are right, and no other."""
    reports = [
        report(course, "submission", unit)
        if unit in units
        else report(course, "submission", unit, *failing(course, unit))
        for unit in ("rnn", "attention")
    ]
    content: dict[str, Any] = json.loads(results(student_of(reports), course, "zh"))
    return content


def failing(course: Course, unit: str) -> list[Any]:
    right = report(course, "submission", unit)
    return [result(test.exercise, "failed") for test in right.tests]


def now(course: Course, *before: Before) -> dict[str, Any]:
    """What becomes of an attempt in which rnn is right."""
    mine = json.dumps(written(course, "rnn")).encode()
    units = course.named(["rnn", "attention"])
    data = counted(mine, Metadata(previous_submissions=[*before]), course, units, "zh")
    content: dict[str, Any] = json.loads(data)
    return content


def test_each_unit_s_best_attempt_counts_where_the_manifest_says_so(course: Course) -> None:
    week = course_with(course, units=["rnn", "attention"], attempts="best")
    earlier = Before(WHEN, written(week, "attention"))
    found = now(week, Before(WHEN, None), Before(WHEN, {"tests": None}), earlier)
    assert found["score"] == 7
    assert found["output"] == "多次提交中取最好的一次：attention, 2026-10-11 12:00+00:00。"
    last = course_with(course, units=["rnn", "attention"])
    assert now(last, earlier) == written(last, "rnn")


def test_an_attempt_at_other_points_is_not_compared(course: Course) -> None:
    week = course_with(course, units=["rnn", "attention"], attempts="best")
    other = written(week, "attention")
    for test in other["tests"]:
        test["max_score"] *= 2
        test["score"] *= 2
    assert now(week, Before(WHEN, other)) == written(week, "rnn")


def test_what_differs_from_the_manifest_is_said(course: Course) -> None:
    week = course_with(course, units=["rnn"], due=WHEN, cap=0.5, grace_minutes=10)
    units = [week.unit("rnn")]
    most = units[0].max_score(frozenset({"correctness", "gradient", "device"}))
    right = Metadata(WHEN + timedelta(minutes=9), Asked(float(most), WHEN))
    assert not list(warnings(right, week, units, speed=False))
    late = msgspec.structs.replace(right, created_at=WHEN + timedelta(minutes=11))
    (told,) = warnings(late, week, units, speed=False)
    assert "after 2026-10-11 12:00+00:00" in told


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b'{"assignment": {"total_points": "many"}}',
        b'{"created_at": "\xff"}',
        b"[" * 9999,
    ],
)
def test_what_is_not_understood_is_said(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path) == (Metadata(), [])
    (tmp_path / gradescope_metadata.FILE).write_bytes(data)
    found, (told,) = read(tmp_path)
    assert found == Metadata() and "is not understood" in told


def test_points_are_a_string_there(tmp_path: Path) -> None:
    text = '{"assignment": {"total_points": "20.0", "due_date": null}}'
    (tmp_path / gradescope_metadata.FILE).write_text(text)
    assert read(tmp_path)[0].assignment == Asked(20.0)
