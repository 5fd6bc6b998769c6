"""Wrong programs fail and are told why, right ones pass: measured over every unit."""

from __future__ import annotations

from collections import Counter

import pytest
from conftest import ROOT

from autograder.authoring import RIGHT_ANSWERS
from autograder.bench.validity import (
    agreement,
    cheats,
    known,
    mutants,
    mutation,
    right,
    written,
)
from autograder.bench.validity.cheats import Cheat
from autograder.bench.validity.graders import CorrectnessGraders
from autograder.core import course as courses
from autograder.core.course import Unit

COURSE = courses.load(ROOT)
UNITS = COURSE.unit_names
SEEDS = 200
SHARE = 128  # of mistakes, wrong programs and mutants one in so many is tried; all are, in `long`
# Met in a class: a w_hh that stretched what float16 rounds, step by step, beyond the allowance.
UNLUCKY = ["a2ad962bf432d8e971793cd1482a0afbb85af0144cfcc6309baf99157c7e9e0b"]


def asks_for_tests(unit: Unit) -> bool:
    """Whether students write tests here: of those there are no mutants, and each takes long."""
    return all(exercise.asks_for_tests for exercise in unit.exercises)


def named(graders: CorrectnessGraders, unit: str, share: int = 1) -> None:
    """One mistake in `share`, of the unit's and of any function's, is caught and named."""
    units = [COURSE.unit(unit)]
    found = known.known_mistakes(graders, units, share) + known.generic(graders, units, share)
    assert not [(m.function, m.id, m.label) for m in found if not m.caught]
    assert not [(m.function, m.id, m.label, m.named) for m in found if not m.recognised]


@pytest.mark.parametrize("unit", UNITS)
def test_a_share_of_the_known_mistakes_is_caught_and_named(
    unit: str, graders: CorrectnessGraders
) -> None:
    named(graders, unit, SHARE)


@pytest.mark.parametrize("unit", UNITS)
def test_known_mistakes_are_caught_and_named(unit: str, graders: CorrectnessGraders) -> None:
    named(graders, unit)


def told(graders: CorrectnessGraders, units: list[Unit], share: int = 1) -> None:
    """Wrong programs by others: none is named falsely, and four in five are named rightly."""
    found = written.wrong_programs(graders, units, share)
    assert not [(w.wrong.name, w.named) for w in found if w.falsely]
    assert sum(w.rightly for w in found) >= 0.8 * len(found)


def test_a_share_of_the_wrong_programs_is_told_what_is_true(graders: CorrectnessGraders) -> None:
    told(graders, COURSE.units, SHARE)


@pytest.mark.parametrize("unit", UNITS)
def test_every_wrong_program_is_told_what_is_true(unit: str, graders: CorrectnessGraders) -> None:
    told(graders, [COURSE.unit(unit)])


def full(graders: CorrectnessGraders, unit: str, share: int = 1) -> None:
    """One right answer in `share` gets all its points."""
    found = right.right_answers(graders, [COURSE.unit(unit)], share=share)
    assert len(found) >= -(-RIGHT_ANSWERS // share)
    failed = {r.name: [t.message for t in r.report.tests if t.message] for r in found if not r.full}
    assert not failed


@pytest.mark.parametrize("unit", UNITS)
def test_a_share_of_right_answers_gets_full_marks(unit: str, graders: CorrectnessGraders) -> None:
    full(graders, unit, 2 * RIGHT_ANSWERS)


@pytest.mark.parametrize("unit", UNITS)
def test_right_answers_written_differently_get_full_marks(
    unit: str, graders: CorrectnessGraders
) -> None:
    full(graders, unit)


def gain_nothing(graders: CorrectnessGraders, unit: str, share: int = 1) -> list[Cheat]:
    """One cheat in `share`, alone in an otherwise perfect submission, fails."""
    found = cheats.cheats(graders, [COURSE.unit(unit)], share)
    assert not [(cheat.function, cheat.name) for cheat in found if not cheat.caught]
    return found


@pytest.mark.parametrize("unit", UNITS)
def test_a_share_of_the_cheapest_programs_fails(unit: str, graders: CorrectnessGraders) -> None:
    assert gain_nothing(graders, unit, 12)


@pytest.mark.parametrize("unit", UNITS)
def test_the_cheapest_programs_fail(unit: str, graders: CorrectnessGraders) -> None:
    """Two at least for each exercise."""
    counts = Counter(cheat.function for cheat in gain_nothing(graders, unit))
    assert all(counts[exercise.name] >= 2 for exercise in COURSE.unit(unit).exercises)


@pytest.mark.parametrize("unit", UNITS)
def test_right_answers_get_full_marks_whatever_the_inputs(unit: str) -> None:
    """As far as values and gradients go: without a sandbox. Students' tests are given no inputs."""
    asked = COURSE.unit(unit)
    seeds = [str(seed) for seed in range(1 if asks_for_tests(asked) else SEEDS)]
    seeds += UNLUCKY
    assert not right.rejected(COURSE, [asked], seeds, jobs=1)


def kill(units: list[Unit], share: int = 1) -> None:
    """Try one mutant in `share` on the hidden tests: all die that are not listed as equivalent."""
    tried = mutation.mutation(COURSE, units, jobs=1, share=share)
    assert tried
    assert not [(t.mutant.before, t.mutant.after) for t in tried if t.survived]
    wrongly = [t.mutant.after for t in tried if t.equivalent and t.hidden != "passed"]
    assert not wrongly, "listed as equivalent, and yet it fails"


def test_the_hidden_tests_kill_a_share_of_the_mutants() -> None:
    kill(COURSE.units, SHARE)


@pytest.mark.parametrize("unit", [u.name for u in COURSE.units if not asks_for_tests(u)])
def test_the_hidden_tests_kill_every_mutant(unit: str) -> None:
    kill([COURSE.unit(unit)])


@pytest.mark.parametrize("unit", UNITS)
def test_what_is_listed_as_equivalent_is_still_a_mutant(unit: str) -> None:
    lines = {mutant.after for mutant in mutation.mutants_of(COURSE, COURSE.unit(unit))}
    listed = {line for name, line in mutation.read_equivalent(COURSE) if name == unit}
    assert listed <= lines


def test_solutions_agree_with_torch() -> None:
    found = agreement.agreements(COURSE, COURSE.units)
    assert found
    assert not [a for a in found if not a.close]


SOURCE = """
import torch

def f(x: torch.Tensor, n: int = 2) -> torch.Tensor:
    'Says nothing that can be changed.'
    if n > 1:
        x = x - x.amax(-1, keepdim=True)
    return x.exp() @ x.mT
"""


def test_mutants_change_one_thing_each() -> None:
    made = mutants.mutants(SOURCE)
    sources = [mutant.source for mutant in made]
    assert len(set(sources)) == len(sources)
    after = {mutant.after for mutant in made}
    assert {
        "def f(x: torch.Tensor, n: int=3) -> torch.Tensor:",
        "if n >= 1:",
        "if not n > 1:",
        "x = x.amax(-1, keepdim=True) - x",
        "x = x - x.amin(-1, keepdim=True)",
        "x = x - x.amax(-2, keepdim=True)",
        "x = x - x.amax(-1)",
        "x = x.sub_(x.amax(-1, keepdim=True))",
        "return x.log() @ x.mT",
        "return x.exp() @ x",
        "return x.mT @ x.exp()",
        "return x.detach().exp() @ x.mT",
    } <= after
    assert all("Says nothing" in mutant.source for mutant in made)


def test_a_change_that_compiles_to_the_same_is_no_mutant() -> None:
    assert not mutants.mutants("def f(n):\n    'One.'\n    return n\n")
