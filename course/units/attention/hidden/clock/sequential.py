"""Right programs that take one piece after the other, each written in its own way."""

from __future__ import annotations

import math

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


def mapped_queries(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Pair:
    """`map` over the queries."""
    parts = list(map(lambda query: _attend(query.unsqueeze(-2), k, v), q.unbind(-2)))  # noqa: C417
    return torch.cat([out for out, _ in parts], -2), torch.cat([w for _, w in parts], -2)


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
