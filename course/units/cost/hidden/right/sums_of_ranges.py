"""Sums of what is counted, over ranges that add themselves up."""

import itertools


def known(layer):
    if layer == "recurrent":
        return "r"
    if layer == "self_attention":
        return "a"
    if layer == "convolution":
        return "c"
    if layer == "dilated_convolution":
        return "d"
    raise ValueError(f"no layer is called {layer!r}")


def sequential_steps(layer, length, kernel_size=3):
    return len(range(length)) if known(layer) == "r" else 1


def max_path_length(layer, length, kernel_size=3):
    kind = known(layer)
    if kind in "ra":
        return sequential_steps(layer, length)
    seen = 1
    for depth in itertools.count(1):
        dilation = kernel_size ** (depth - 1) if kind == "d" else 1
        seen += sum(dilation for _ in range(kernel_size - 1))
        if seen >= length:
            return depth


def multiply_adds(layer, length, width, kernel_size=3):
    per_word = {
        "r": (width**2, width**2),
        "c": (width**2,) * kernel_size,
        "d": itertools.repeat(width**2, kernel_size),
        "a": (length * width, length * width),
    }
    return length * sum(per_word[known(layer)])
