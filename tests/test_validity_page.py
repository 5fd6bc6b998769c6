"""docs/validity.md counts what the course has: its tables are made here, and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from conftest import ROOT

from autograder.bench.validity import cheats, conditional, graders, known, written
from autograder.bench.validity.mutation import mutants_of, read_equivalent
from autograder.core import course as courses
from autograder.core.course import Unit
from autograder.testing import meeting
from course.units.own_tests.hidden.versions import ATTENTION, CAUSAL_MASK, SOFTMAX

COURSE = courses.load(ROOT)
PAGE = (ROOT / "docs/validity.md").read_text("utf-8")
SUBJECTS = SOFTMAX, ATTENTION, CAUSAL_MASK
Count = Callable[[Unit], int]


def said(unit: Unit, folder: str = "wrong", *, anything: bool = True) -> int:
    """How many wrong programs of a folder say, or say not, what they are to be told."""
    return sum(bool(job[0].said) == anything for job in written.programs(COURSE, [unit], folder))


def solution(unit: Unit) -> str:
    return graders.solutions(COURSE)[unit.name]


def conditions(unit: Unit) -> int:
    return len(conditional.mutants(COURSE, unit, solution(unit)))


PROGRAMS: dict[str, Count] = {
    "known mistakes": lambda unit: len(known.mistaken(COURSE, [unit])),
    "in any function": lambda unit: len(list(known._generic(unit, solution(unit)))),
    "by others": lambda unit: len(list(written.programs(COURSE, [unit]))),
    "refused by a GPU": lambda unit: said(unit, "on_a_gpu"),
    "taken by it": lambda unit: said(unit, "on_a_gpu", anything=False),
    "cheats": lambda unit: sum(len(job[0][0]) for job in cheats.cheating(COURSE, [unit])),
    "right answers": lambda unit: len(graders.files(COURSE, unit, "right")),
}
MUTANTS: dict[str, Count] = {
    "small changes": lambda unit: len(mutants_of(COURSE, unit)) - conditions(unit),
    "of one condition": lambda unit: conditions(unit),
    "equivalent": lambda unit: sum(name == unit.name for name, _ in read_equivalent(COURSE)),
}


def table(columns: Mapping[str, Count]) -> str:
    """A row for each unit, and the sums."""
    counted = {u.name: [count(u) for count in columns.values()] for u in COURSE.units}
    counted["all"] = [sum(column) for column in zip(*counted.values(), strict=True)]
    rows = ["unit", *columns], ["---"] * (len(columns) + 1)
    shown = [[name, *(str(n or "–") for n in row)] for name, row in counted.items()]
    return "".join(f"| {' | '.join(row)} |\n" for row in [*rows, *shown]).replace(" --- ", "---")


@pytest.mark.parametrize("columns", [PROGRAMS, MUTANTS], ids=["programs", "mutants"])
def test_the_page_counts_what_the_course_has(columns: Mapping[str, Count]) -> None:
    """Where it lags, the table that this prints belongs there."""
    made = table(columns)
    assert made in PAGE, made


TWENTY_LINES = """
import torch
from torch.testing import assert_close

def test_softmax(softmax):
    for dim in (0, 1, -1):
        scores = torch.randn(3, 5)
        assert_close(softmax(scores, dim), torch.softmax(scores, dim))
    assert_close(softmax(torch.tensor([1e4, 0.0])), torch.tensor([1.0, 0.0]))

def test_attention(attention):
    q, k, v = torch.randn(2, 3, 4), torch.randn(2, 5, 4), torch.randn(2, 5, 6)
    mask = torch.ones(3, 5, dtype=torch.bool).tril()
    for given in ([], [mask]):
        scores = q @ k.mT / 2
        if given:
            scores = scores.masked_fill(~mask, -torch.inf)
        output, weights = attention(q, k, v, *given)
        assert_close(weights, scores.softmax(-1))
        assert_close(output, scores.softmax(-1) @ v)

def test_causal_mask(causal_mask):
    assert_close(causal_mask(3), torch.ones(3, 3, dtype=torch.bool).tril())
"""
SUMS = """
import torch

def test_softmax(softmax):
    weights = softmax(torch.randn(3, 4))
    assert weights.shape == (3, 4) and torch.allclose(weights.sum(-1), torch.ones(3))
    assert abs(softmax(torch.zeros(2))[0] - 0.5) < 1e-6

def test_attention(attention):
    output, weights = attention(torch.ones(2, 4), torch.ones(3, 4), torch.ones(3, 5))
    assert output.shape == (2, 5) and weights.shape == (2, 3)
    assert torch.allclose(weights, torch.full((2, 3), 1 / 3)) and torch.allclose(output, output**0)

def test_causal_mask(causal_mask):
    mask = causal_mask(4)
    assert mask.shape == (4, 4) and mask[3, 0] and not mask[0, 3]
"""


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (TWENTY_LINES, "some twenty lines, torch's function on three axes and with one mask"),
        (SUMS, "sums, shapes and one value each"),
    ],
    ids=["twenty lines", "sums"],
)
def test_what_shorter_tests_earn(text: str, row: str) -> None:
    """Less than all, as the page says."""
    names: dict[str, Any] = {}
    exec(text, names)
    points = 0.0
    for exercise in COURSE.unit("own_tests").exercises:
        subject = next(s for s in SUBJECTS if exercise.name.endswith(f"_{s.name}"))
        met = meeting.meet(names, "own_tests.py", subject)
        assert met.problem is None, met.problem
        points += exercise.points["tests"] * len(met.caught) / len(subject.wrong)
    assert f"| {row} | {points:.1f} |" in PAGE, points


def test_the_page_counts_the_versions() -> None:
    wrong = [len(subject.wrong) for subject in SUBJECTS]
    right = [len(subject.right) for subject in SUBJECTS]
    told = (
        "{} wrong ones of a softmax, {} of attention, {} of a causal\nmask, and {}, {} and {} that "
        "are right."
    )
    assert told.format(*wrong, *right) in PAGE
