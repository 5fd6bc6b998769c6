"""What the unit `cost` pins: exact integers, from the counts themselves."""

import itertools

import pytest

from autograder.testing.compare import assert_equal, assert_raises

LAYERS = ["recurrent", "convolution", "dilated_convolution", "self_attention"]
OTHERS = ["pooling", "transformer", "", "Recurrent", "convolutions", "attention"]


def assert_costs(function, expected, *args):
    """Fail unless the function gives exactly the expected integer for each kind of layer."""
    __tracebackhide__ = True
    for layer, cost in zip(LAYERS, expected, strict=True):
        given = ", ".join(map(repr, (layer, *args)))
        assert_equal(function(layer, *args), cost, name=f"{function.name}({given})")


def layers_to_cover(length, kernel_size, dilation_base):
    """Stack layers until the field, 1 + Σ (K-1)·dilation, covers the length."""
    for depth in itertools.count():
        reach = sum(dilation_base**layer for layer in range(depth))
        if 1 + (kernel_size - 1) * reach >= length:
            return depth
    raise AssertionError


@pytest.mark.exercise("sequential_steps")
def test_sequential_steps_values(student, draw):
    """A recurrent layer waits at every position, the others never; a kernel's size is no matter.

    Catches: the length for every layer, the recurrent layer taken for parallel, paths for steps.
    """
    for length in (2, 17, draw.integer(600, 2000)):
        assert_costs(student.cost.sequential_steps, [length, 1, 1, 1], length)
        assert_costs(student.cost.sequential_steps, [length, 1, 1, 1], length, 7)
    for _ in range(2):
        assert_equal(student.cost.sequential_steps("recurrent", 5, kernel_size=5), 5)


@pytest.mark.exercise("sequential_steps")
def test_sequential_steps_unknown(student):
    """A layer that is none of the four is a ValueError, beside layers that are.

    Catches: a default for whatever is not recurrent, a part of a name that is looked for, None,
    a KeyError.
    """
    assert_costs(student.cost.sequential_steps, [13, 1, 1, 1], 13)
    for layer in OTHERS:
        assert_raises(student.cost.sequential_steps, ValueError, layer, 13)


def assert_paths(student, length, *kernel_size):
    """Fail unless the paths of all layers are right; the kernel's size is 3 by default."""
    __tracebackhide__ = True
    kernel = kernel_size[0] if kernel_size else 3
    convolution = max(1, layers_to_cover(length, kernel, 1))
    dilated = max(1, layers_to_cover(length, kernel, kernel))
    expected = [length, convolution, dilated, 1]
    assert_costs(student.cost.max_path_length, expected, length, *kernel_size)


@pytest.mark.exercise("max_path_length")
def test_max_path_length_values(student, draw):
    """As long as the sequence, a part of it, its logarithm, and 1, for kernels of any odd size.

    Catches: one layer too many or too few, dilation ignored, length/K for length/(K-1),
    a dilation base of 2, the kernel's size ignored.
    """
    for length in (100, 11, 5, draw.integer(200, 300)):
        assert_paths(student, length)
        for kernel_size in (3, 5, 9):
            assert_paths(student, length, kernel_size)
    assert_paths(student, draw.integer(600, 900), 9)
    for _ in range(2):
        got = student.cost.max_path_length("dilated_convolution", 101, kernel_size=7)
        assert_equal(got, layers_to_cover(101, 7, 7))


@pytest.mark.exercise("max_path_length")
def test_max_path_length_edges(student):
    """Length 1 takes one layer of any kind; whole powers of the kernel's size are just covered.

    Catches: 0 layers for length 1, a logarithm that rounds wrongly (log(125, 5) is above 3).
    """
    for kernel_size in (3, 5, 7):
        for length in (1, 2, kernel_size, kernel_size + 1):
            assert_paths(student, length, kernel_size)
        for power in (kernel_size**2, kernel_size**3):
            for length in (power - 1, power, power + 1):
                assert_paths(student, length, kernel_size)


@pytest.mark.exercise("max_path_length")
def test_max_path_length_unknown(student):
    """A layer that is none of the four is a ValueError, beside layers that are.

    Catches: a default for whatever is left over, a part of a name that is looked for, None,
    a KeyError.
    """
    assert_paths(student, 23, 3)
    for layer in OTHERS:
        assert_raises(student.cost.max_path_length, ValueError, layer, 23)


def assert_multiply_adds(student, length, width, *kernel_size):
    """Fail unless every layer's products are counted right; the kernel's size is 3 by default."""
    __tracebackhide__ = True
    matrix, kernel = width * width, kernel_size[0] if kernel_size else 3
    recurrent = length * (matrix + matrix)  # at every position, the word's product and the state's
    convolution = sum(length * matrix for _ in range(kernel))  # a product for every tap
    pairs = length * length
    attention = pairs * width + pairs * width  # the scores, and the weighted sum
    expected = [recurrent, convolution, convolution, attention]
    assert_costs(student.cost.multiply_adds, expected, length, width, *kernel_size)


@pytest.mark.exercise("multiply_adds")
def test_multiply_adds_values(student, draw):
    """Every product counted, for lengths above and below the width and for any kernel.

    Catches: one product of two left out, length and width swapped, projections counted,
    the kernel's size ignored, length 1.
    """
    for length, width in [(7, 5), (5, 64), (1, 3), (11, 1), (13, 13), (1, 1)]:
        assert_multiply_adds(student, length, width)
        for kernel_size in (1, 3, 5):
            assert_multiply_adds(student, length, width, kernel_size)
    assert_multiply_adds(student, draw.integer(100, 1000), draw.integer(100, 1000), 7)
    for _ in range(2):
        got = student.cost.multiply_adds("convolution", 7, 2, kernel_size=9)
        assert_equal(got, 9 * 7 * 4)


@pytest.mark.exercise("multiply_adds")
def test_multiply_adds_large(student, draw):
    """The counts of a large model are exact. Catches: float arithmetic, 32-bit overflow."""
    length = 2 * draw.integer(1_000_000, 1_500_000) + 1
    width = 2 * draw.integer(25_000, 30_000) + 1
    assert_multiply_adds(student, length, width, 3)  # odd and beyond 2**53, as no float is
    assert_multiply_adds(student, width, 1001)


@pytest.mark.exercise("multiply_adds")
def test_multiply_adds_unknown(student):
    """A layer that is none of the four is a ValueError, beside layers that are.

    Catches: a default for whatever is left over, a part of a name that is looked for, None,
    a KeyError.
    """
    assert_multiply_adds(student, 23, 5, 3)
    for layer in OTHERS:
        assert_raises(student.cost.multiply_adds, ValueError, layer, 23, 5)
