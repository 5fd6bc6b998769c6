"""Right programs that take one piece after the other, each written in its own way."""

from __future__ import annotations

import numpy as np
import torch

T = torch.Tensor


def _steps(x: T, h: T, w_xh: T, w_hh: T, b: T) -> T:
    """A walk over time alone."""
    states = []
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t] @ w_xh + h @ w_hh + b)
        states.append(h)
    return torch.stack(states, dim=1)


def sentences(x: T, h: T, w_xh: T, w_hh: T, b: T) -> T:
    """One sentence after the other."""
    return torch.cat([_steps(x[n : n + 1], h[n : n + 1], w_xh, w_hh, b) for n in range(len(x))])


def sentences_in_numpy(x: T, h: T, w_xh: T, w_hh: T, b: T) -> T:
    """One sentence after the other, in NumPy."""
    wx, wh, bias = w_xh.numpy(), w_hh.numpy(), b.numpy()
    states = np.empty((*x.shape[:2], h.shape[1]), np.float32)
    for n, (words, state) in enumerate(zip(x.numpy(), h.numpy(), strict=True)):
        for t, word in enumerate(words @ wx + bias):
            state = np.tanh(word + state @ wh)
            states[n, t] = state
    return torch.from_numpy(states)


def units(x: T, h: T, w_xh: T, w_hh: T, b: T) -> T:
    """One unit of the state after the other."""
    states = []
    for t in range(x.shape[1]):
        pairs = zip(w_xh.T, w_hh.T, b, strict=True)
        units = [torch.tanh((x[:, t] * i).sum(1) + (h * j).sum(1) + c) for i, j, c in pairs]
        h = torch.stack(units, dim=1)
        states.append(h)
    return torch.stack(states, dim=1)


def units_of_the_state(x: T, h: T, w_xh: T, w_hh: T, b: T) -> T:
    """The state's products unit by unit; the rest at once."""
    states = []
    for word in (x @ w_xh + b).unbind(1):
        h = torch.tanh(word + torch.stack([h @ column for column in w_hh.T], dim=1))
        states.append(h)
    return torch.stack(states, dim=1)


def units_in_numpy(x: T, h: T, w_xh: T, w_hh: T, b: T) -> T:
    """The state's products unit by unit, in NumPy; the rest at once."""
    columns = w_hh.T.contiguous().numpy()
    states = []
    for word in (x @ w_xh + b).unbind(1):
        state = h.numpy()
        products = np.stack([state @ column for column in columns], axis=1)
        h = torch.tanh(word + torch.from_numpy(products))
        states.append(h)
    return torch.stack(states, dim=1)
