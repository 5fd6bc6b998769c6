"""The same attacks without namespaces: what the reduced level stops, and what it does not."""

from __future__ import annotations

import pytest
from test_attacks import ATTACKS, HERE, SUCCEEDED

# Their aims, told in docs/threat-model.md: no point comes of either.
REACHED = {
    "threads",  # the limit on threads counts by user, and root has none
    "parent",  # it can tell that it has a parent; it cannot do anything to it
}


@pytest.fixture(scope="module")
def level():
    return "reduced"


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_attack_without_namespaces(arena, honest, attack):
    """It gains no point, and leaves no process and no file."""
    here = arena.traces()
    report = arena.attack(attack)
    assert (SUCCEEDED in arena.words(report)) <= (attack.stem in REACHED)
    assert report.status == "advisory"
    assert report.score <= arena.worth("rnn_step")
    assert arena.settled(honest) == honest
    assert arena.traces() == here


def test_an_honest_student_gets_full_marks_after_all_of_them(arena, honest):
    assert arena.grade("honest").score == arena.worth()


def test_the_wrong_program_deserves_the_same(arena, honest):
    arena.hand_in("wrong", HERE / "wrong.py")
    assert arena.grade("wrong").score == arena.worth("rnn_step")
