"""Public tests of the unit `cost`: run `pytest test_cost.py`."""

import pytest

from autograder.testing.compare import assert_equal, assert_raises

LAYERS = ["recurrent", "convolution", "dilated_convolution", "self_attention"]


def assert_costs(function, expected, *args):
    """Fail unless the function gives exactly the expected integer for each kind of layer."""
    __tracebackhide__ = True
    for layer, cost in zip(LAYERS, expected, strict=True):
        given = ", ".join(map(repr, (layer, *args)))
        assert_equal(function(layer, *args), cost, name=f"{function.name}({given})")


@pytest.mark.exercise("sequential_steps")
def test_sequential_steps(student):
    """A hundred words: a hundred steps for a recurrent layer, one for all others.

    Catches: the same count for all, no ValueError for an unknown layer.
    """
    assert_costs(student.cost.sequential_steps, [100, 1, 1, 1], 100)
    assert_costs(student.cost.sequential_steps, [7, 1, 1, 1], 7, 5)
    assert_raises(student.cost.sequential_steps, ValueError, "pooling", 100)


@pytest.mark.exercise("max_path_length")
def test_max_path_length(student):
    """A hundred and one words: word after word, 50 layers of kernel 3, 5 dilated ones, or 1 look.

    Catches: one layer too many or too few, dilation ignored, the kernel's size ignored.
    """
    assert_costs(student.cost.max_path_length, [101, 50, 5, 1], 101)
    assert_costs(student.cost.max_path_length, [101, 25, 3, 1], 101, 5)


@pytest.mark.exercise("max_path_length")
def test_max_path_length_edges(student):
    """A single word takes one layer of any kind; 27 words are just covered by 3 dilated layers.

    So are 125 by 3 of kernel 5, though math.log(125, 5) is 3.0000000000000004.
    Catches: 0 for length 1, a logarithm that rounds wrongly, no ValueError.
    """
    for length, costs in [(1, [1, 1, 1, 1]), (27, [27, 13, 3, 1]), (28, [28, 14, 4, 1])]:
        assert_costs(student.cost.max_path_length, costs, length)
    assert_costs(student.cost.max_path_length, [125, 31, 3, 1], 125, 5)
    assert_costs(student.cost.max_path_length, [100, 25, 3, 1], 100, 5)  # 99/4 is no whole number
    assert_raises(student.cost.max_path_length, ValueError, "pooling", 27)


@pytest.mark.exercise("multiply_adds")
def test_multiply_adds(student):
    """Ten words of width 3. A (3, 3) matrix takes 9 at every word, a pair of words takes 3.

    Catches: one product of two left out, length and width swapped, projections counted.
    """
    assert_costs(student.cost.multiply_adds, [180, 270, 270, 600], 10, 3)
    assert_costs(student.cost.multiply_adds, [180, 450, 450, 600], 10, 3, 5)


@pytest.mark.exercise("multiply_adds")
def test_multiply_adds_compared(student):
    """At width 64, attention over 64 words costs what the recurrent layer does; over 640, 10 times.

    Catches: a float in place of an int, no ValueError for an unknown layer.
    """
    assert_costs(student.cost.multiply_adds, [524288, 786432, 786432, 524288], 64, 64)
    assert_costs(student.cost.multiply_adds, [5242880, 7864320, 7864320, 52428800], 640, 64)
    assert_raises(student.cost.multiply_adds, ValueError, "pooling", 64, 64)
