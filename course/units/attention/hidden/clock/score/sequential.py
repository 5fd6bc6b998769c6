"""Right programs that take one piece after the other, each written in its own way."""

from __future__ import annotations

import numpy as np
import torch

T = torch.Tensor


# Over the queries.


def queries(q: T, k: T) -> T:
    """One query after the other."""
    return torch.cat([q[..., i : i + 1, :] @ k.mT for i in range(q.shape[-2])], -2)


def queries_in_place(q: T, k: T) -> T:
    """One query after the other, into a tensor that was made before."""
    scores = q.new_empty(*q.shape[:-1], k.shape[-2])
    for i in range(q.shape[-2]):
        scores[:, i] = (k @ q[:, i, :, None])[..., 0]
    return scores


def queries_by_half(q: T, k: T) -> T:
    """The first half at once."""
    half = q.shape[-2] // 2
    return torch.cat([q[:, :half] @ k.mT, queries(q[:, half:], k)], -2)


def queries_in_numpy(q: T, k: T) -> T:
    """One query after the other in NumPy, whose steps are shorter."""
    query, key = q[0].numpy(), k[0].numpy()
    scores = np.empty((len(query), len(key)), np.float32)
    for i, row in enumerate(query):
        scores[i] = key @ row
    return torch.from_numpy(scores)[None]


# Over the keys.


def keys(q: T, k: T) -> T:
    """One key after the other."""
    return torch.cat([q @ k[:, j : j + 1].mT for j in range(k.shape[1])], -1)


def keys_mapped(q: T, k: T) -> T:
    """`map` over the keys."""
    return torch.stack(list(map(lambda key: (q * key.unsqueeze(-2)).sum(-1), k.unbind(1))), -1)  # noqa: C417


def keys_by_half(q: T, k: T) -> T:
    """The first half at once."""
    half = k.shape[1] // 2
    return torch.cat([q @ k[:, :half].mT, keys(q, k[:, half:])], -1)


def keys_in_floats(q: T, k: T) -> T:
    """In numbers of Python's own."""
    rows = q[0].tolist()
    scores = [[sum(map(float.__mul__, row, key)) for row in rows] for key in k[0].tolist()]
    return torch.tensor(scores).mT[None]
