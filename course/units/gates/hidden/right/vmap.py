"""One sentence's step, mapped over the batch by torch.vmap; one unit's products over the width."""

import torch


def _lstm(x, h, c, w_x, w_h, b):
    i, f, g, o = (w_x.mT.mv(x) + w_h.mT.mv(h) + b).unflatten(0, (4, -1))
    c = c * f.sigmoid() + i.sigmoid() * g.tanh()
    return c.tanh() * o.sigmoid(), c


def _gru(x, h, w_x, w_h, b_x, b_h):
    a = torch.stack((x @ w_x + b_x, h @ w_h + b_h)).unflatten(1, (3, -1))  # 2, 3, H
    r, z = torch.sigmoid(a[:, :2].sum(0))
    return torch.lerp((a[0, 2] + r * a[1, 2]).tanh(), h, z)


lstm_step = torch.vmap(_lstm, in_dims=(0, 0, 0, None, None, None))
gru_step = torch.vmap(_gru, in_dims=(0, 0, None, None, None, None))


def _column(gates):
    return torch.nn.functional.pad(gates[1:], (0, 1), value=1.0).flip(0).cumprod(0).flip(0)


def cell_gradient(forget):
    return torch.vmap(_column, 1, 1)(forget)
