"""Right, and one piece after the other: what a loop costs, to see that the clock sees it."""

from __future__ import annotations

import math

import torch


def self_attention_by_query(
    x: torch.Tensor, w_q: torch.Tensor, w_k: torch.Tensor, w_v: torch.Tensor
) -> torch.Tensor:
    """Self-attention, one query after the other."""
    q, k, v = x @ w_q, x @ w_k, x @ w_v
    return torch.cat([attend(q[:, i : i + 1], k, v) for i in range(q.shape[1])], dim=1)


def self_attention_by_sentence(
    x: torch.Tensor, w_q: torch.Tensor, w_k: torch.Tensor, w_v: torch.Tensor
) -> torch.Tensor:
    """Self-attention, one sentence after the other."""
    return torch.stack([attend(words @ w_q, words @ w_k, words @ w_v) for words in x])


def multi_head_by_head(
    x: torch.Tensor,
    w_q: torch.Tensor,
    w_k: torch.Tensor,
    w_v: torch.Tensor,
    w_o: torch.Tensor,
    heads: int,
) -> torch.Tensor:
    """Multi-head self-attention, one head after the other."""
    blocks = zip(*(weight.chunk(heads, dim=1) for weight in (w_q, w_k, w_v)), strict=True)
    outputs = [attend(x @ q, x @ k, x @ v) for q, k, v in blocks]
    return torch.cat(outputs, dim=-1) @ w_o


def multi_head_by_sentence(
    x: torch.Tensor,
    w_q: torch.Tensor,
    w_k: torch.Tensor,
    w_v: torch.Tensor,
    w_o: torch.Tensor,
    heads: int,
) -> torch.Tensor:
    """Multi-head self-attention, one sentence after the other."""
    outputs = []
    for words in x:
        q, k, v = (
            (words @ weight).unflatten(-1, (heads, -1)).transpose(0, 1)
            for weight in (w_q, w_k, w_v)
        )
        outputs.append(attend(q, k, v).transpose(0, 1).flatten(1) @ w_o)
    return torch.stack(outputs)


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Scaled dot-product attention."""
    return torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1) @ v
