"""Right, and one piece after the other: what a loop costs, to see that the clock sees it."""

from __future__ import annotations

import torch


def rnn_by_sentence(
    x: torch.Tensor, h: torch.Tensor, w_xh: torch.Tensor, w_hh: torch.Tensor, b: torch.Tensor
) -> torch.Tensor:
    """Every hidden state, one sentence after the other."""
    sentences = []
    for words, start in zip(x, h, strict=True):
        states, state = [], start
        for word in words:
            state = torch.tanh(word @ w_xh + state @ w_hh + b)
            states.append(state)
        sentences.append(torch.stack(states))
    return torch.stack(sentences)


def rnn_by_unit(
    x: torch.Tensor, h: torch.Tensor, w_xh: torch.Tensor, w_hh: torch.Tensor, b: torch.Tensor
) -> torch.Tensor:
    """Every hidden state, one unit of it after the other."""
    states = []
    for t in range(x.shape[1]):
        units = [
            torch.tanh(x[:, t] @ w_xh[:, j] + h @ w_hh[:, j] + b[j]) for j in range(h.shape[1])
        ]
        h = torch.stack(units, dim=1)
        states.append(h)
    return torch.stack(states, dim=1)
