"""The pictures of a student's page come from the student's own functions, right or wrong."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from conftest import ROOT, GradeText
from reports import report, result, student_of

from autograder.core.course import Course
from autograder.grading.grader import Grader
from autograder.intake.reading import read
from autograder.reports.pages.figures import HeatMap, Plot, figures
from autograder.reports.pages.html import student_page
from autograder.reports.store import MOST_BYTES, encode, fitted
from autograder.testing.compare import Mismatch, assert_close
from autograder.testing.pictures import keeper

DRAWN = {
    "attention": ["attention_weights"],
    "cross_attention": ["alignment", "accuracy_by_length"],
    "gradient_paths": ["gradient_by_distance"],
    "pronoun": ["accuracy_by_distance"],
    "self_attention": ["attention_weights", "causal_attention_weights"],
    "seq2seq": ["accuracy_by_length"],
    "vanishing_gradient": ["gradient_norms"],
}
COLUMNS = """
import torch

def attention(q, k, v, mask=None):
    weights = torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, -2)
    return weights @ v, weights
"""
STRANGE = """
import torch

def attention(q, k, v, mask=None):
    return q, {weights}
"""


@pytest.mark.parametrize("unit", DRAWN)
def test_a_right_program_has_its_pictures(unit: str, course: Course, grader: Grader) -> None:
    report = grader.grade(read(ROOT, "solutions", course), course.unit(unit))
    drawn = {figure.name: figure for figure in figures(report.figures)}
    assert list(drawn) == DRAWN[unit]
    if "alignment" in drawn:
        words = drawn["alignment"]
        assert isinstance(words, HeatMap)
        assert words.row_names[-1] == "<end>"
        assert words.column_names
    if "causal_attention_weights" in drawn:
        values = report.figures["causal_attention_weights"]
        assert all(x == 0 for i, row in enumerate(values) for x in row[i + 1 :])
        assert all(sum(row) == pytest.approx(1) for row in values)
    if "gradient_norms" in drawn:
        lines = drawn["gradient_norms"]
        assert isinstance(lines, Plot)
        assert [line.name for line in lines.lines] == ["yours", "reference"]
        assert lines.lines[0].values == pytest.approx(lines.lines[1].values)


def test_a_wrong_program_sees_its_own_weights(grade_text: GradeText) -> None:
    """Columns that sum to one show the mistake at a glance."""
    report = grade_text("attention", COLUMNS)
    weights = report.figures["attention_weights"]
    assert [sum(column) for column in zip(*weights, strict=True)] == pytest.approx([1] * 5)


@pytest.mark.parametrize(
    "weights",
    [
        "torch.full((5, 5, 5), torch.nan)",
        "torch.ones(5)",
        "torch.ones(2, 99, 99)",
        "torch.ones(5, 5, 5, dtype=torch.complex128)",
        "'<script>'",
        "[[[0.5] * 4096] * 9]",
        "'x' * 5000",
        "None",
    ],
)
def test_what_cannot_be_drawn_is_left_out(
    weights: str, course: Course, grade_text: GradeText
) -> None:
    report = grade_text("attention", STRANGE.format(weights=weights))
    assert report.status == "graded"
    assert figures(report.figures) == []
    assert "<svg" not in student_page(student_of([report]), course, "en")


def test_lists_of_large_arrays_make_no_large_report(grade_text: GradeText) -> None:
    """What is drawn is counted before it is copied, all of it together."""
    source = """
import numpy as np

def gradient_norms(states, w_hh, grad_last):
    return [np.full(400, 1 / 3) for _ in range(2000)]
"""
    report = grade_text("vanishing_gradient", source)
    assert report.status == "graded"
    assert not report.figures.get("gradient_norms")
    assert len(encode(report)) < 100_000
    test = SimpleNamespace(user_properties=[])
    keeper(test)("large", {"yours": [np.full(400, 1 / 3)] * 2000})  # type: ignore[arg-type]
    keeper(test)("small", {"yours": [np.zeros(2)] * 2})  # type: ignore[arg-type]
    assert test.user_properties == [("large", None), ("small", {"yours": [[0.0, 0.0]] * 2})]


def test_a_report_that_is_too_large_loses_what_counts_least(course: Course) -> None:
    """Its pictures, then facts, then the ends of texts; never a mark."""
    words = '长"' * 2000
    facts = {"says": "%(what)s", "what": words[:3900]}
    tests = [
        result("scale", "failed", id=f"test_{n}", message=words, help=words, facts=facts)
        for n in range(70)
    ]
    drawn = {str(n): [[0.1] * 64] * 64 for n in range(20)}
    whole = report(course, "ann", "attention", *tests, message=words, figures=drawn)
    small = fitted(whole)
    assert len(encode(whole)) > MOST_BYTES > len(encode(small))
    assert not small.figures
    assert [test.id for test in small.tests] == [test.id for test in whole.tests]
    assert small.score == whole.score
    assert len(small.tests[0].message) == 1000
    medium = report(course, "ann", "attention", *tests[:20], figures=drawn)
    assert fitted(medium).tests == medium.tests
    assert not fitted(medium).figures
    assert fitted(report(course, "ann", "attention")).figures == {}


def test_facts_are_bounded() -> None:
    short, long = ({"got": [0.5] * count} for count in (7000, 9000))
    assert result("scale", "failed", facts=short).facts == short
    assert result("scale", "failed", facts=long).facts == {}


@pytest.mark.parametrize(
    ("got", "expected", "dtype"),
    [
        (np.zeros((8 << 20) - 1, np.uint8), np.zeros(5), None),
        (np.zeros((8 << 20) - 1, np.uint8), 1.5, None),
        ([np.zeros(1 << 20, np.uint8)] * 5, np.zeros(5), None),
        (torch.zeros(8 << 20, dtype=torch.uint8), torch.zeros(5), None),
        (torch.zeros(5, 1 << 20, dtype=torch.uint8), torch.zeros(5), None),
        (torch.zeros(5, 1 << 20, dtype=torch.complex64), torch.zeros(5, 1 << 20), None),
        (torch.zeros(8 << 20, dtype=torch.uint8), torch.zeros(8 << 20), torch.float64),
    ],
)
def test_shape_and_dtype_are_looked_at_before_a_number(
    got: Any, expected: Any, dtype: torch.dtype | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be right is neither copied nor converted, whatever its size."""

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a number was touched")

    expected = expected.double() if isinstance(expected, torch.Tensor) else expected
    for name in ("to", "double", "sub", "detach"):
        monkeypatch.setattr(torch.Tensor, name, forbidden)
    monkeypatch.setattr(np, "asarray", forbidden)
    with pytest.raises(Mismatch, match=r"has shape|complex|uint8"):
        assert_close(got, expected, dtype=dtype)
