"""Everything from one layer, one position or one word less."""

from functools import lru_cache


def _known(layer):
    assert isinstance(layer, str)
    if {"recurrent": 1, "convolution": 1, "dilated_convolution": 1, "self_attention": 1}.get(layer):
        return layer
    raise ValueError(f"{layer}?")


def sequential_steps(layer, length, kernel_size=3):
    if _known(layer) != "recurrent" or length == 1:
        return 1
    half = length // 2
    return sequential_steps(layer, half) + sequential_steps(layer, length - half)


@lru_cache(maxsize=None)
def _field(layer, depth, kernel):
    """What a stack of this depth sees."""
    if depth == 0:
        return 1
    below = _field(layer, depth - 1, kernel)
    return kernel * below if layer == "dilated_convolution" else below + kernel - 1


def max_path_length(layer, length, kernel_size=3, depth=1):
    if _known(layer) == "recurrent":
        return length
    if layer == "self_attention" or _field(layer, depth, kernel_size) >= length:
        return depth
    return max_path_length(layer, length, kernel_size, depth + 1)


def multiply_adds(layer, length, width, kernel_size=3):
    layer = _known(layer)
    if layer == "recurrent":
        return multiply_adds("convolution", length, width, 2)
    if layer == "self_attention":
        return multiply_adds("recurrent", width, length) if width else 0
    return kernel_size * length * pow(width, 2)
