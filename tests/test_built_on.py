"""A function that builds on another one: whose mistake it is, and results that are dicts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import torch
from conftest import ROOT

from autograder.bench.validity.graders import CorrectnessGraders
from autograder.local.known_mistakes import mark
from autograder.local.known_mistakes import near as near_by_marks
from autograder.mistakes.match import Gave, evidence, near
from autograder.reports.schema import Report
from autograder.testing.calls import Failure
from autograder.testing.compare import assert_dict_close

UNIT = "pronoun"
FILES = {path.stem: path.read_text("utf-8") for path in (ROOT / "solutions").glob("*.py")}
LOADED = """
import sys

there = "torch._dynamo" in sys.modules

def rnn_step(*args):
    raise RuntimeError(there)
"""


def graded_alone(graders: CorrectnessGraders, unit: str, **files: str) -> Report:
    ((_, report),) = graders.grade([(None, graders.course.unit(unit), files)])
    return report


def graded(graders: CorrectnessGraders, **changed: str) -> dict[str, tuple[str, str]]:
    """The failed tests of the solution with some files changed: the help's name and the message."""
    report = graded_alone(graders, UNIT, **FILES | changed)
    return {t.id: (t.help_id, t.message) for t in report.tests if t.status == "failed"}


def test_an_earlier_units_mistake_is_told_from_this_ones(graders: CorrectnessGraders) -> None:
    """Values of a right program on a wrong `rnn` are blamed on that, whichever function gave them.

    Catches: the later unit blamed, another kind's tests failed, a blame for any wrong value.
    """
    twice = re.sub(r" \+ b\b", " + 2 * b", FILES["rnn"])
    assert twice != FILES["rnn"]
    failed = graded(graders, rnn=twice)
    for test in ("test_predict_rnn", "test_gradients_values", "test_train_rnn"):
        help_id, message = failed[test]
        assert help_id == "earlier_unit"
        assert "`rnn` of the unit rnn" in message
    assert not {"test_predict_lstm", "test_train_attention"} & failed.keys()


def test_a_wrong_function_of_the_unit_is_told_from_what_builds_on_it(
    graders: CorrectnessGraders,
) -> None:
    """`gradients` is right on a `predict` that is not, which has a mistake with a name itself."""
    embedded = 'x = params["embed"][tokens]  # (V, D), (N, T) -> (N, T, D)'
    scaled = FILES[UNIT].replace(embedded, f"{embedded}\n    x = x * x.shape[-1] ** 0.5")
    assert scaled != FILES[UNIT]
    failed = graded(graders, pronoun=scaled)
    assert failed["test_predict_rnn"][0] == "scaled_embedding"
    for test in ("test_gradients_values", "test_train_lstm"):
        help_id, message = failed[test]
        assert (help_id, "on your `predict`" in message) == ("earlier_function", True)


def test_who_needs_no_earlier_unit_loses_nothing_by_it(graders: CorrectnessGraders) -> None:
    """Values are checked, not which functions were called."""
    right = ROOT / "course" / "units" / UNIT / "hidden" / "right" / "torch_no_earlier.py"
    starter = (ROOT / "exercises" / "rnn.py").read_text("utf-8")
    assert not graded(graders, pronoun=right.read_text("utf-8"), rnn=starter)


def test_what_makes_an_optimiser_meets_what_it_needs(graders: CorrectnessGraders) -> None:
    """The host imports it once, where the program's text has the word; see sandbox/host.py."""
    report = graded_alone(graders, "rnn", rnn=f"{LOADED}# torch.optim")
    assert any("RuntimeError: True" in test.message for test in report.tests)


def test_a_dict_is_compared_by_its_keys() -> None:
    """In any order. Catches: a key too few, one too many, another value, a list of the values."""
    a, b = torch.ones(2, dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    assert_dict_close({"b": b, "a": a}, {"a": a, "b": b})
    with pytest.raises(Failure, match=re.escape('found["a"][1] is 2, expected 1')):
        assert_dict_close({"a": a + torch.tensor([0, 1]), "b": b}, {"a": a, "b": b}, name="found")
    for got in ({"a": a}, {"a": a, "b": b, "c": b}, [a, b], None):
        with pytest.raises(Failure, match="expected a dict with the keys 'a', 'b'"):
            assert_dict_close(got, {"a": a, "b": b})


def test_a_mistake_in_a_dict_is_known_by_its_keys() -> None:
    """Catches: dicts that are the same whatever is in them, or whose order counts."""
    a, b = torch.tensor([1.5, 2.5]), torch.tensor(0.5)
    gave = Gave([b, {"x": a, "y": b}])
    turned, other = [b, {"y": b, "x": a}], [b, {"x": a, "y": 2 * b}]
    assert near(gave.value, turned) and not near(gave.value, other)
    assert not near(gave.value, [b, {"x": a}]) and not near(gave.value, [b, {"x": a, "z": b}])
    assert near(torch.complex(a, a), torch.complex(a, a).conj().conj())
    assert not near(torch.complex(a, a), torch.complex(a, a + 1))  # and nobody is warned
    assert near_by_marks(mark(gave.value), mark(turned))
    assert not near_by_marks(mark(gave.value), mark(other))
    assert evidence(replace(gave, value=other), gave) > evidence(gave, gave)
