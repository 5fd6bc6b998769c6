"""Right programs that take one head or sentence after the other, each written in its own way."""

from __future__ import annotations

import math

import torch

T = torch.Tensor


def _attend(q: T, k: T, v: T) -> T:
    return torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1) @ v


def heads(x: T, w_q: T, w_k: T, w_v: T, w_o: T, heads: int) -> T:
    """One head after the other, from its own columns on."""
    d, outputs = w_q.shape[1] // heads, []
    for h in range(heads):
        own = slice(h * d, (h + 1) * d)
        outputs.append(_attend(x @ w_q[:, own], x @ w_k[:, own], x @ w_v[:, own]))
    return torch.cat(outputs, dim=-1) @ w_o


def heads_of_the_attention(x: T, w_q: T, w_k: T, w_v: T, w_o: T, heads: int) -> T:
    """The attention head by head; the projections at once."""
    q, k, v = ((x @ w).chunk(heads, dim=-1) for w in (w_q, w_k, w_v))
    return torch.cat(list(map(_attend, q, k, v)), dim=-1) @ w_o


def sentences(x: T, w_q: T, w_k: T, w_v: T, w_o: T, heads: int) -> T:
    """One sentence after the other."""
    outputs = []
    for words in x:
        q, k, v = ((words @ w).unflatten(-1, (heads, -1)).transpose(0, 1) for w in (w_q, w_k, w_v))
        outputs.append(_attend(q, k, v).transpose(0, 1).flatten(1) @ w_o)
    return torch.stack(outputs)


def sentences_of_the_attention(x: T, w_q: T, w_k: T, w_v: T, w_o: T, heads: int) -> T:
    """The attention sentence by sentence; the projections at once."""
    q, k, v = ((x @ w).unflatten(-1, (heads, -1)).transpose(1, 2) for w in (w_q, w_k, w_v))
    outputs = torch.stack(list(map(_attend, q, k, v)))
    return outputs.transpose(1, 2).flatten(2) @ w_o
