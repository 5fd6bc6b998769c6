# 田中 由紀
import torch


class Cell:
    """RNN の1ステップ."""

    def __init__(self, w_xh, w_hh, b):
        self.w_xh, self.w_hh, self.b = w_xh, w_hh, b

    def __call__(self, x, h):
        return torch.tanh(x @ self.w_xh + h @ self.w_hh + self.b)


def rnn_step(x, h, w_xh, w_hh, b):
    return Cell(w_xh, w_hh, b)(x, h)


# rnn は間に合いませんでした。すみません。
