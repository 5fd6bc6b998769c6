"""Right programs that take one piece after the other, each written in its own way."""

from __future__ import annotations

import math

import numpy as np
import torch

Pair = tuple[torch.Tensor, torch.Tensor]


def _attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Scaled dot-product attention."""
    weights = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
    return weights @ v, weights


# Over the positions.


def queries(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """One query after the other."""
    parts = [_attend(q[..., i : i + 1, :], k, v) for i in range(q.shape[-2])]
    return torch.cat([out for out, _ in parts], -2), torch.cat([w for _, w in parts], -2)


def queries_in_place(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """One query after the other, into tensors that were made before."""
    output, weights = (
        q.new_empty(*q.shape[:-1], v.shape[-1]),
        q.new_empty(*q.shape[:-1], k.shape[-2]),
    )
    for i in range(q.shape[-2]):
        weights[..., i, :] = torch.softmax(
            (k @ q[..., i, :, None])[..., 0] / q.shape[-1] ** 0.5, -1
        )
        output[..., i, :] = (weights[..., i, None, :] @ v)[..., 0, :]
    return output, weights


def keys(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Scores key by key; the rest at once."""
    columns = [(q * k[..., j : j + 1, :]).sum(-1) for j in range(k.shape[-2])]
    weights = torch.softmax(torch.stack(columns, dim=-1) / math.sqrt(q.shape[-1]), dim=-1)
    return weights @ v, weights


def values(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """The weighted sum value by value; the rest at once."""
    weights = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
    output = q.new_zeros(*q.shape[:-1], v.shape[-1])
    for j in range(v.shape[-2]):
        output = output + weights[..., j : j + 1] * v[..., j : j + 1, :]
    return output, weights


def queries_mapped(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """`map` over the queries."""
    parts = list(map(lambda query: _attend(query.unsqueeze(-2), k, v), q.unbind(-2)))  # noqa: C417
    return torch.cat([out for out, _ in parts], -2), torch.cat([w for _, w in parts], -2)


def queries_of_the_sum(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """The weighted sum query by query; the rest at once."""
    weights = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
    return torch.cat([row @ v for row in weights.split(1, dim=-2)], dim=-2), weights


def queries_in_numpy(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Everything query by query, in NumPy, whose steps are much shorter than torch's."""
    query, key, value = q[0].numpy(), k[0].numpy(), v[0].numpy()
    output = np.empty((len(query), value.shape[1]), np.float32)
    weights = np.empty((len(query), len(key)), np.float32)
    for i in range(len(query)):
        e = np.exp(key @ query[i] / math.sqrt(query.shape[1]))
        weights[i] = e / e.sum()
        output[i] = weights[i] @ value
    return torch.from_numpy(output)[None], torch.from_numpy(weights)[None]


def queries_of_the_sum_in_numpy(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """The weighted sum alone, in NumPy: about the fastest loop that there is."""
    weights = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
    value = v[0].numpy()
    output = np.empty((q.shape[1], value.shape[1]), np.float32)
    for i, row in enumerate(weights[0].numpy()):
        output[i] = row @ value
    return torch.from_numpy(output)[None], weights


def keys_in_floats(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Scores key by key, in numbers of Python's own; the rest at once."""
    rows = q[0].tolist()
    scores = [[sum(map(float.__mul__, row, key)) for row in rows] for key in k[0].tolist()]
    weights = torch.softmax(torch.tensor(scores).mT / math.sqrt(q.shape[-1]), dim=-1)[None]
    return weights @ v, weights


def values_in_numpy(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """The weighted sum value by value, in NumPy; the rest at once."""
    weights = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
    output = np.zeros((q.shape[1], v.shape[2]), np.float32)
    for column, value in zip(weights[0].mT.numpy(), v[0].numpy(), strict=True):
        output += np.outer(column, value)
    return torch.from_numpy(output)[None], weights


# Over the batch.


def sentences(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """A list comprehension over the sentences, and a stack."""
    parts = [_attend(q[n], k[n], v[n]) for n in range(len(q))]
    return torch.stack([out for out, _ in parts]), torch.stack([w for _, w in parts])


def mapped(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """`map` over the sentences."""
    outputs, weights = zip(*map(_attend, q, k, v), strict=True)
    return torch.stack(outputs), torch.stack(weights)


def sentences_in_place(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """One sentence after the other, into tensors that were made before."""
    output, weights = (
        q.new_empty(*q.shape[:-1], v.shape[-1]),
        q.new_empty(*q.shape[:-1], k.shape[-2]),
    )
    for n in range(len(q)):
        output[n], weights[n] = _attend(q[n], k[n], v[n])
    return output, weights


def vmap_of_one(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """torch.vmap, but of one sentence at a time."""
    whole = torch.vmap(_attend)
    parts = [whole(q[n : n + 1], k[n : n + 1], v[n : n + 1]) for n in range(len(q))]
    return torch.cat([out for out, _ in parts]), torch.cat([w for _, w in parts])


def sentences_of_the_sum(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """The weighted sum sentence by sentence; the rest at once."""
    weights = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
    return torch.stack([w @ value for w, value in zip(weights, v, strict=True)]), weights


def sentences_in_numpy(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """The weighted sum sentence by sentence, in NumPy; the rest at once."""
    weights = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
    output = np.empty((*v.shape[:1], q.shape[1], v.shape[2]), np.float32)
    for n, (w, value) in enumerate(zip(weights.numpy(), v.numpy(), strict=True)):
        np.matmul(w, value, out=output[n])
    return torch.from_numpy(output), weights


@torch.jit.script
def _scripted(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    rows = []
    for i in range(q.shape[1]):
        weights = torch.softmax(q[:, i : i + 1] @ k.transpose(1, 2) / 2.0, dim=-1)
        rows.append(weights @ v)
    return torch.cat(rows, dim=1)


def queries_in_torchscript(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """Outputs query by query, in TorchScript."""
    return _scripted(q, k, v), torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
