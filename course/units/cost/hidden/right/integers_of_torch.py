"""Whole numbers in tensors, where they fit, and Python's own where they do not."""

import torch
from receptive_field import layers_to_cover

NAMES = dict(recurrent=0, convolution=1, dilated_convolution=2, self_attention=3)


def row(layer):
    if layer in NAMES:
        return NAMES[layer]
    raise ValueError("unknown layer")


def sequential_steps(layer, length, kernel_size=3):
    return torch.tensor([length, 1, 1, 1])[row(layer)].item()


def max_path_length(layer, length, kernel_size=3):
    depths = [layers_to_cover(length, kernel_size, base) for base in (1, kernel_size)]
    return torch.tensor([length, *depths, 1]).clamp(min=1)[row(layer)].tolist()


def multiply_adds(layer, length, width, kernel_size=3):
    powers = torch.tensor([[1, 2], [1, 2], [1, 2], [2, 1]])[row(layer)].tolist()
    return [2, kernel_size, kernel_size, 2][row(layer)] * length ** powers[0] * width ** powers[1]
