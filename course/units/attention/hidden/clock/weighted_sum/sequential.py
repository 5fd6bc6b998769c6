"""Right programs that take one piece after the other, each written in its own way."""

from __future__ import annotations

import numpy as np
import torch

T = torch.Tensor


# Over the queries.


def queries(weights: T, v: T) -> T:
    """One query after the other."""
    return torch.cat([row @ v for row in weights.split(1, dim=-2)], dim=-2)


def queries_in_place(weights: T, v: T) -> T:
    """One query after the other, into a tensor that was made before."""
    output = v.new_empty(*weights.shape[:-1], v.shape[-1])
    for i in range(weights.shape[-2]):
        output[:, i] = (weights[:, i, None] @ v)[:, 0]
    return output


def queries_by_half(weights: T, v: T) -> T:
    """The first half at once."""
    half = weights.shape[1] // 2
    return torch.cat([weights[:, :half] @ v, queries(weights[:, half:], v)], -2)


def queries_in_numpy(weights: T, v: T) -> T:
    """One query after the other in NumPy, whose steps are shorter."""
    value = v[0].numpy()
    output = np.empty((weights.shape[1], value.shape[1]), np.float32)
    for i, row in enumerate(weights[0].numpy()):
        output[i] = row @ value
    return torch.from_numpy(output)[None]


# Over the keys, whose values are mixed.


def keys(weights: T, v: T) -> T:
    """One value after the other."""
    output = v.new_zeros(*weights.shape[:-1], v.shape[-1])
    for j in range(v.shape[-2]):
        output = output + weights[..., j : j + 1] * v[..., j : j + 1, :]
    return output


def keys_in_place(weights: T, v: T) -> T:
    """One value after the other, added in place."""
    output = v.new_zeros(*weights.shape[:-1], v.shape[-1])
    for weight, value in zip(weights.unbind(-1), v.unbind(-2), strict=True):
        output.addcmul_(weight.unsqueeze(-1), value.unsqueeze(-2))
    return output


def keys_by_half(weights: T, v: T) -> T:
    """The first half at once."""
    half = v.shape[1] // 2
    return weights[..., :half] @ v[:, :half] + keys(weights[..., half:], v[:, half:])


def keys_in_numpy(weights: T, v: T) -> T:
    """One value after the other, in NumPy."""
    output = np.zeros((weights.shape[1], v.shape[2]), np.float32)
    for column, value in zip(weights[0].mT.numpy(), v[0].numpy(), strict=True):
        output += np.outer(column, value)
    return torch.from_numpy(output)[None]
