"""Small classes that hold the weights; tanh for the sigmoid; a product that calls itself."""

from dataclasses import dataclass

import torch


def logistic(x):
    return (torch.tanh(x / 2) + 1) / 2


@dataclass
class Block:
    """One gate: its columns of the weights, and what it is passed through."""

    w: torch.Tensor
    u: torch.Tensor
    b: torch.Tensor
    squash: object = logistic

    def __call__(self, x, h):
        return self.squash(x @ self.w + h @ self.u + self.b)


class LSTM:
    def __init__(self, w_x, w_h, b):
        n = w_h.shape[0]
        columns = [slice(k * n, (k + 1) * n) for k in range(4)]
        squashes = [logistic, logistic, torch.tanh, logistic]
        self.blocks = [Block(w_x[:, s], w_h[:, s], b[s], q) for s, q in zip(columns, squashes)]

    def __call__(self, x, h, c):
        i, f, g, o = [block(x, h) for block in self.blocks]
        new = f.mul(c).add(i.mul(g))
        return o.mul(new.tanh()), new


def lstm_step(x, h, c, w_x, w_h, b):
    return LSTM(w_x, w_h, b)(x, h, c)


def gru_step(x, h, w_x, w_h, b_x, b_h):
    n = h.shape[1]
    both = b_x[: 2 * n] + b_h[: 2 * n]
    reset = Block(w_x[:, :n], w_h[:, :n], both[:n])(x, h)
    update = Block(w_x[:, n : 2 * n], w_h[:, n : 2 * n], both[n:])(x, h)
    candidate = torch.tanh(x @ w_x[:, 2 * n :] + b_x[2 * n :] + reset * (h @ w_h[:, 2 * n :] + b_h[2 * n :]))
    return candidate - update * candidate + update * h


def cell_gradient(forget):
    if len(forget) == 1:
        return torch.ones_like(forget)
    rest = cell_gradient(forget[1:])
    return torch.cat([forget[1:2] * rest[:1], rest])
