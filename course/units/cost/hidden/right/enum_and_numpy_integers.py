import enum
import numpy as np
import receptive_field as rf


class Layer(enum.Enum):
    R = "recurrent"
    C = "convolution"
    D = "dilated_convolution"
    S = "self_attention"


def sequential_steps(layer, length, kernel_size=3):
    return np.int64(length) if Layer(layer) is Layer.R else np.int64(1)


def max_path_length(layer, length, kernel_size=3):
    l = Layer(layer)
    if l is Layer.R:
        return length
    if l is Layer.S:
        return 1
    return rf.layers_to_cover(length, kernel_size, kernel_size if l is Layer.D else 1) or 1


def multiply_adds(layer, length, width, kernel_size=3):
    l = Layer(layer)
    per = {
        Layer.R: lambda: (width + width) * width,
        Layer.C: lambda: kernel_size * width**2,
        Layer.D: lambda: kernel_size * width**2,
        Layer.S: lambda: 2 * length * width,
    }[l]()
    return length * per
