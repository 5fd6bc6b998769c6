"""No search for the depth: a ceiling, and a logarithm that is put right afterwards."""

import math

LAYERS = ("recurrent", "convolution", "dilated_convolution", "self_attention")


def _index(layer):
    return LAYERS.index(layer)  # which raises ValueError by itself


def sequential_steps(layer, length, kernel_size=3):
    return (length, 1, 1, 1)[_index(layer)]


def _logarithm(length, base):
    """The smallest power of base that is not below length."""
    guess = max(0, math.ceil(math.log(length, base)))
    while base**guess < length:
        guess += 1
    while guess and base ** (guess - 1) >= length:
        guess -= 1
    return guess


def max_path_length(layer, length, kernel_size=3):
    which = _index(layer)
    if which in (0, 3):
        return length if which == 0 else 1
    if which == 1:
        return max(1, -((1 - length) // (kernel_size - 1)))
    return max(1, _logarithm(length, kernel_size))


def multiply_adds(layer, length, width, kernel_size=3):
    factors = ((2, 1, 2), (kernel_size, 1, 2), (kernel_size, 1, 2), (2, 2, 1))[_index(layer)]
    return factors[0] * length ** factors[1] * width ** factors[2]
