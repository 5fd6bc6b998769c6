"""A class a layer, found by its name."""

from receptive_field import layers_to_cover


class Layer:
    known = {}

    def __init_subclass__(cls, name=None, **rest):
        super().__init_subclass__(**rest)
        if name:
            Layer.known[name] = cls

    def __init__(self, length, width=1, kernel=3):
        self.length, self.width, self.kernel = length, width, kernel

    steps = path = 1

    @staticmethod
    def named(name):
        if name not in Layer.known:
            raise ValueError(f"{name} is none of {sorted(Layer.known)}")
        return Layer.known[name]


class Recurrent(Layer, name="recurrent"):
    @property
    def steps(self):
        return self.length

    path = steps

    @property
    def products(self):
        return self.length * self.width * (self.width + self.width)


class Convolution(Layer, name="convolution"):
    base = 1

    @property
    def path(self):
        return max(layers_to_cover(self.length, self.kernel, self.base), 1)

    @property
    def products(self):
        return self.length * self.kernel * self.width * self.width


class Dilated(Convolution, name="dilated_convolution"):
    @property
    def base(self):
        return self.kernel


class Attention(Layer, name="self_attention"):
    @property
    def products(self):
        return 2 * self.length * self.length * self.width


def sequential_steps(layer, length, kernel_size=3):
    return Layer.named(layer)(length, kernel=kernel_size).steps


def max_path_length(layer, length, kernel_size=3):
    return Layer.named(layer)(length, kernel=kernel_size).path


def multiply_adds(layer, length, width, kernel_size=3):
    return Layer.named(layer)(length, width, kernel_size).products
