"""Right programs that take one piece after the other, each written in its own way."""

from __future__ import annotations

import math

import numpy as np
import torch

T = torch.Tensor


def _attend(x: T, w_q: T, w_k: T, w_v: T) -> T:
    """Self-attention of a sentence, or of a batch."""
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1) @ v


def sentences(x: T, w_q: T, w_k: T, w_v: T) -> T:
    """One sentence after the other."""
    return torch.stack([_attend(sentence, w_q, w_k, w_v) for sentence in x])


def sentences_of_the_projections(x: T, w_q: T, w_k: T, w_v: T) -> T:
    """Queries, keys and values sentence by sentence; the rest at once."""
    q, k, v = (torch.stack([sentence @ w for sentence in x]) for w in (w_q, w_k, w_v))
    return torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1) @ v


def sentences_in_numpy(x: T, w_q: T, w_k: T, w_v: T) -> T:
    """The attention sentence by sentence, in NumPy; the projections at once."""
    q, k, v = ((x @ w).numpy() for w in (w_q, w_k, w_v))
    output = np.empty_like(v)
    for n in range(len(x)):
        e = np.exp(q[n] @ k[n].T / math.sqrt(q.shape[-1]))
        output[n] = e @ v[n] / e.sum(1, keepdims=True)
    return torch.from_numpy(output)


def positions(x: T, w_q: T, w_k: T, w_v: T) -> T:
    """One query after the other."""
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    rows = [torch.softmax(k @ row[0] / math.sqrt(len(row[0])), dim=-1) @ v for row in q[0].split(1)]
    return torch.cat(rows, dim=1) if rows[0].dim() == 3 else torch.stack(rows, dim=1)


def positions_in_place(x: T, w_q: T, w_k: T, w_v: T) -> T:
    """One query after the other, into a tensor that was made before."""
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    output = torch.empty_like(v)
    for i in range(x.shape[1]):
        weights = torch.softmax(q[:, i : i + 1] @ k.mT / math.sqrt(q.shape[-1]), dim=-1)
        output[:, i : i + 1] = weights @ v
    return output


def positions_of_the_sum(x: T, w_q: T, w_k: T, w_v: T) -> T:
    """The weighted sum and the softmax query by query; the rest at once."""
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    rows = (q @ k.mT / math.sqrt(q.shape[-1])).split(1, dim=1)
    return torch.cat([torch.softmax(row, dim=-1) @ v for row in rows], dim=1)
