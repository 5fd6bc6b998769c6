import torch


def lstm_step(x, h, c, w_x, w_h, b):
    z = torch.cat([x, h], 1) @ torch.cat([w_x, w_h], 0) + b
    i, f, g, o = torch.split(z, h.shape[1], 1)
    c = c * f.sigmoid() + i.sigmoid() * (2 * torch.sigmoid(2 * g) - 1)
    return [o.sigmoid() * c.tanh(), c]


def gru_step(x, h, w_x, w_h, b_x, b_h):
    w = w_x.split(h.shape[1], 1)
    u = w_h.split(h.shape[1], 1)
    p = b_x.split(h.shape[1])
    q = b_h.split(h.shape[1])
    r = torch.sigmoid(x @ w[0] + p[0] + h @ u[0] + q[0])
    z = torch.sigmoid(x @ w[1] + p[1] + h @ u[1] + q[1])
    n = torch.tanh(x @ w[2] + p[2] + r * (h @ u[2]) + r * q[2])
    return n + z * (h - n)


def cell_gradient(forget):
    rows = [torch.ones_like(forget[0])]
    for row in forget[1:].flip(0):
        rows.insert(0, rows[0] * row)
    return torch.stack(rows)
