"""Right, and one piece after the other: what a loop costs, to see that the clock sees it."""

from __future__ import annotations

import math

import torch


def next_words_by_position(tokens: torch.Tensor, params: dict[str, torch.Tensor]) -> torch.Tensor:
    """Each position's word asks those up to there, one position after the other."""
    x = params["embed"][tokens]
    t = torch.arange(x.shape[1], device=x.device)[:, None]
    i = torch.arange(0, x.shape[2], 2, device=x.device)
    angles = t / 10000.0 ** (i / x.shape[2])
    x = x + torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1).to(x.dtype)
    q, k, v = (x @ params[name] for name in ("w_q", "w_k", "w_v"))
    rows = [attend(q[:, t : t + 1], k[:, : t + 1], v[:, : t + 1]) for t in range(tokens.shape[1])]
    return torch.cat(rows, dim=1) @ params["out_w"] + params["out_b"]


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Scaled dot-product attention."""
    return torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), dim=-1) @ v
