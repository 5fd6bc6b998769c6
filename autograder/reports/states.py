"""What every page and export writes for a report that is no mark: one table, which decides.

docs/reports.md has the same table in words.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from autograder.reports.schema import AnyReport, Status


class State(NamedTuple):
    """How a status is shown.

    sign: in tables for people, in place of a score; "" where there is one. open: something is still
    to be done, so there is no total yet. counts: whether the unit's points count in what could be
    had. canvas: the cell that Canvas imports. junit: what a suite without tests holds instead.
    """

    sign: str = ""
    open: bool = False
    counts: bool = True
    canvas: str = ""
    junit: str = ""


STATES: dict[Status, State] = {  # the worst first: a student's is the first that any unit has
    "incomplete": State("?", open=True, junit="error"),
    "unread": State("?", open=True, junit="error"),
    "advisory": State(),
    "graded": State(),
    "missing": State("–", junit="skipped"),
    "excused": State("EX", counts=False, canvas="EX", junit="skipped"),
}


def is_open(report: AnyReport) -> bool:
    """Whether something is still to be done before there is a mark, or none for good."""
    return STATES[report.status].open


def total(reports: Iterable[AnyReport]) -> float | None:
    """The sum of the scores, free of binary dust; None while one is open, or where there is none.

    What is missing adds nothing.
    """
    found = list(reports)
    scores = [report.mark for report in found if report.mark is not None]
    return round(math.fsum(scores), 6) + 0.0 if scores and not any(map(is_open, found)) else None


def most(reports: Iterable[AnyReport]) -> float:
    """The most that reports could give, without what counts for nothing."""
    return sum(report.max_score for report in reports if STATES[report.status].counts)


def worst(reports: Iterable[AnyReport]) -> str:
    """The status that stands for several reports; "" where there are none."""
    found = {report.status for report in reports}
    return next((status for status in STATES if status in found), "")
