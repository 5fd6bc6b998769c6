"""Exact rational numbers for a cost per position, an int at the end."""

from fractions import Fraction as Exactly

from receptive_field import layers_to_cover as depth


def checked(function):
    def wrapper(layer, length, *rest, **named):
        if layer not in ("recurrent", "self_attention", "convolution", "dilated_convolution"):
            raise ValueError(layer)
        return int(function(layer, length, *rest, **named))

    return wrapper


@checked
def sequential_steps(layer, length, kernel_size=3):
    return Exactly(length) if layer[0] == "r" else Exactly(1)


@checked
def max_path_length(layer, length, kernel_size=3):
    if layer.endswith("convolution"):
        base = kernel_size if layer.startswith("dilated") else 1
        return depth(length, kernel_size, dilation_base=base) or 1
    return sequential_steps(layer, length, kernel_size)


@checked
def multiply_adds(layer, length, width, kernel_size=3):
    total = Exactly(length * width)  # numbers that come out
    if layer == "recurrent":
        return total * 2 * width
    if layer == "self_attention":
        return total * 2 * length
    return total * Exactly(kernel_size * width, 1)
