"""What the unit `own_tests` pins: students' tests fail for wrong versions, and for no right one.

Each wrong version of a function is one test here. The versions are in versions.py.
"""

import pytest

from autograder.testing.subjects import assert_caught
from course.units.own_tests.hidden.versions import ATTENTION, CAUSAL_MASK, SOFTMAX


def order(draw, subject):
    """The order in which versions are met, the same for every test of an exercise."""
    return draw.permutation(len(subject.right) + len(subject.wrong)).tolist()


@pytest.mark.exercise("tests_of_softmax", kind="tests")
@pytest.mark.parametrize("version", SOFTMAX.wrong)
def test_softmax(student, draw, version):
    """Catches: tests that a wrong softmax passes, and tests that a right one fails."""
    drawn = order(draw, SOFTMAX)
    assert_caught(student, "own_tests", SOFTMAX, version, drawn)


@pytest.mark.exercise("tests_of_attention", kind="tests")
@pytest.mark.parametrize("version", ATTENTION.wrong)
def test_attention(student, draw, version):
    """Catches: tests that a wrong attention passes, and tests that a right one fails."""
    drawn = order(draw, ATTENTION)
    assert_caught(student, "own_tests", ATTENTION, version, drawn)


@pytest.mark.exercise("tests_of_causal_mask", kind="tests")
@pytest.mark.parametrize("version", CAUSAL_MASK.wrong)
def test_causal_mask(student, draw, version):
    """Catches: tests that a wrong mask passes, and tests that a right one fails."""
    drawn = order(draw, CAUSAL_MASK)
    assert_caught(student, "own_tests", CAUSAL_MASK, version, drawn)
