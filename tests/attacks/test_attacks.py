"""Every attack is graded by the real grader: it gains nothing, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
SUCCEEDED = "THE ATTACK SUCCEEDED"
MEMORY = 1 << 30  # that the tests' process takes at most, whatever it is given: a quarter of that
assert SUCCEEDED in (HERE / "wrong.py").read_text("utf-8")
ATTACKS = sorted(
    path
    for group in ("forged", "stolen", "bombs", "survivors", "signals")
    for path in (HERE / group).iterdir()
    if path.suffix == ".py" or (path.is_dir() and path.name != "__pycache__")
)


def harms_itself(attack: Path) -> bool:
    """Whether an attack says that it costs its own points."""
    return attack.suffix == ".py" and "(harms itself)" in attack.read_text(encoding="utf-8")


def test_what_the_wrong_program_deserves(arena, honest):
    arena.hand_in("wrong", HERE / "wrong.py")
    report = arena.grade("wrong")
    assert 0 < report.score == arena.worth("rnn_step") < report.max_score == arena.worth()
    assert report.status == "graded"


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_attack(arena, honest, attack):
    """It gains no point and leaves no process and no file; the next one is graded as ever."""
    here, there = arena.traces(), set(arena.submissions.rglob("*"))
    report = arena.attack(attack)
    assert SUCCEEDED not in arena.words(report)
    assert report.status == "graded"
    assert report.max_score == arena.worth()
    assert len(report.tests) == len({test.id for test in report.tests}) >= 12
    deserved = arena.worth("rnn_step")
    if harms_itself(attack):
        assert report.score <= deserved
    else:
        assert report.score == deserved
    assert arena.settled(honest) == honest
    assert arena.traces() == here
    own = arena.submissions / attack.stem
    assert {path for path in arena.submissions.rglob("*") if own not in path.parents} == {
        *there,
        own,
    }
    assert not list(arena.results.iterdir())
    assert arena.peak() < MEMORY


def test_an_honest_student_gets_full_marks_after_all_of_them(arena, honest):
    assert arena.grade("honest").score == arena.worth()
