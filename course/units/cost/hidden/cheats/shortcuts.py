"""Less than what is asked."""

import math


def sequential_steps(layer, length, kernel_size=3):
    """Whatever begins with an r waits."""
    return length if layer.startswith("r") else 1


def max_path_length(layer, length, kernel_size=3):
    """By a logarithm that rounds."""
    paths = {
        "recurrent": length,
        "convolution": max(1, math.ceil((length - 1) / (kernel_size - 1))),
        "dilated_convolution": max(1, math.ceil(math.log(length) / math.log(kernel_size))),
        "self_attention": 1,
    }
    if layer not in paths:
        raise ValueError(layer)
    return paths[layer]


def multiply_adds(layer, length, width, kernel_size=3):
    """In floating numbers."""
    counts = {
        "recurrent": 2.0 * length * width**2,
        "convolution": 1.0 * kernel_size * length * width**2,
        "dilated_convolution": 1.0 * kernel_size * length * width**2,
        "self_attention": 2.0 * length**2 * width,
    }
    if layer not in counts:
        raise ValueError(layer)
    return int(counts[layer])
