"""Right programs that take one position after the other, each written in its own way."""

from __future__ import annotations

import math

import torch

T = torch.Tensor
Params = dict[str, torch.Tensor]


def _projected(tokens: T, params: Params) -> list[T]:
    x = params["embed"][tokens]
    rates = 10000.0 ** (-torch.arange(0, x.shape[2], 2, dtype=torch.float64) / x.shape[2])
    angles = torch.arange(x.shape[1], dtype=torch.float64)[:, None] * rates
    x = x + torch.stack([angles.sin(), angles.cos()], -1).flatten(1).to(x)
    return [x @ params[name] for name in ("w_q", "w_k", "w_v")]


def _attend(q: T, k: T, v: T) -> T:
    return torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1) @ v


def prefixes(tokens: T, params: Params) -> T:
    """A whole pass over each prefix."""
    rows = []
    for t in range(1, tokens.shape[1] + 1):
        q, k, v = _projected(tokens[:, :t], params)
        rows.append(_attend(q[:, -1:], k, v))
    return torch.cat(rows, dim=1) @ params["out_w"] + params["out_b"]


def positions(tokens: T, params: Params) -> T:
    """One query after the other; the projections and the logits at once."""
    q, k, v = _projected(tokens, params)
    rows = [_attend(q[:, t : t + 1], k[:, : t + 1], v[:, : t + 1]) for t in range(q.shape[1])]
    return torch.cat(rows, dim=1) @ params["out_w"] + params["out_b"]


def positions_in_place(tokens: T, params: Params) -> T:
    """One query after the other, into logits that were made before."""
    q, k, v = _projected(tokens, params)
    logits = q.new_empty(*tokens.shape, len(params["out_b"]))
    for t in range(q.shape[1]):
        y = _attend(q[:, t : t + 1], k[:, : t + 1], v[:, : t + 1])
        logits[:, t : t + 1] = y @ params["out_w"] + params["out_b"]
    return logits


def positions_of_the_sum(tokens: T, params: Params) -> T:
    """The softmax and the weighted sum query by query; the scores at once."""
    q, k, v = _projected(tokens, params)
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    rows = [
        torch.softmax(scores[:, t : t + 1, : t + 1], dim=-1) @ v[:, : t + 1]
        for t in range(q.shape[1])
    ]
    return torch.cat(rows, dim=1) @ params["out_w"] + params["out_b"]


def positions_of_the_mask(tokens: T, params: Params) -> T:
    """Each row of the scores is masked by itself; the rest at once."""
    q, k, v = _projected(tokens, params)
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    for t in range(q.shape[1]):
        scores[:, t, t + 1 :] = -torch.inf
        scores[:, t] = torch.softmax(scores[:, t], dim=-1)
    return scores @ v @ params["out_w"] + params["out_b"]
