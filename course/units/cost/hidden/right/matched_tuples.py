"""One function answers all three questions, by structural pattern matching."""

from typing import NamedTuple

from receptive_field import layers_to_cover


class Cost(NamedTuple):
    steps: int
    path: int
    products: int


def cost(layer, n, d=0, k=3) -> Cost:
    match layer.rpartition("_"):
        case ("", "", "recurrent"):
            return Cost(n, n, 2 * n * d * d)
        case ("" | "dilated" as how, _, "convolution"):
            path = 1 if d or n == 1 else layers_to_cover(n, k, k if how else 1)
            return Cost(1, path, k * n * d * d)
        case ("self", "_", "attention"):
            return Cost(steps=1, path=1, products=n * n * d + n * n * d)
    raise ValueError(layer)


def sequential_steps(layer, length, kernel_size=3):
    return cost(layer, length).steps


def max_path_length(layer, length, kernel_size=3):
    return cost(layer, length, k=kernel_size)[1]


def multiply_adds(layer, length, width, kernel_size=3):
    *_, products = cost(layer, length, width, kernel_size)
    return products
