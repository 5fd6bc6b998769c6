"""The pictures of a student's page come from the student's own functions, right or wrong."""

from __future__ import annotations

import pytest
from conftest import ROOT, GradeText
from reports import student_of

from autograder.core.course import Course
from autograder.grading.grader import Grader
from autograder.intake.reading import read
from autograder.reports.pages.figures import HeatMap, Plot, figures
from autograder.reports.pages.html import student_page

DRAWN = {
    "attention": ["attention_weights"],
    "cross_attention": ["alignment", "accuracy_by_length"],
    "gradient_paths": ["gradient_by_distance"],
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
