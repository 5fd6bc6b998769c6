from abc import ABC
from dataclasses import dataclass

from receptive_field import layers_to_cover


@dataclass
class Layer(ABC):
    length: int
    kernel_size: int = 3
    width: int = 0
    steps = 1
    path = 1

    @property
    def products(self):
        return self.kernel_size * self.length * self.width * self.width


class Recurrent(Layer):
    steps = path = property(lambda self: self.length)
    products = property(lambda self: 2 * self.length * self.width**2)


class Convolution(Layer):
    path = property(lambda self: max(1, layers_to_cover(self.length, self.kernel_size)))


class DilatedConvolution(Layer):
    path = property(lambda s: max(1, layers_to_cover(s.length, s.kernel_size, s.kernel_size)))


class SelfAttention(Layer):
    products = property(lambda self: 2 * self.length**2 * self.width)


def make(layer, *args):
    for kind in Layer.__subclasses__():
        name = "".join("_" + c.lower() if c.isupper() else c for c in kind.__name__)[1:]
        if name == layer:
            return kind(*args)
    raise ValueError(layer)


def sequential_steps(layer, length, kernel_size=3):
    return make(layer, length, kernel_size).steps


def max_path_length(layer, length, kernel_size=3):
    return make(layer, length, kernel_size).path


def multiply_adds(layer, length, width, kernel_size=3):
    return make(layer, length, kernel_size, width).products
