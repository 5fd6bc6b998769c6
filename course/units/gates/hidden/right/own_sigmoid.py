import torch


def sig(x):
    up, down = x.clamp(min=0), x.clamp(max=0)
    return torch.where(x >= 0, 1 / (1 + torch.exp(-up)), torch.exp(down) / (1 + torch.exp(down)))


def lstm_step(x, h, c, w_x, w_h, b):
    n = h.shape[-1]
    a = x.matmul(w_x) + h.matmul(w_h) + b
    i = sig(a[:, :n])
    f = sig(a[:, n : 2 * n])
    g = torch.tanh(a[:, 2 * n : 3 * n])
    o = sig(a[:, 3 * n :])
    new = f * c + i * g
    return (o * torch.tanh(new), new)


def gru_step(x, h, w_x, w_h, b_x, b_h):
    n = h.shape[-1]
    a = x.matmul(w_x) + b_x
    d = h.matmul(w_h) + b_h
    r = sig(a[:, :n] + d[:, :n])
    z = sig(a[:, n : 2 * n] + d[:, n : 2 * n])
    return (1 - z) * torch.tanh(a[:, 2 * n :] + r * d[:, 2 * n :]) + h * z


def cell_gradient(forget):
    T = len(forget)
    out = torch.empty_like(forget)
    p = forget.new_ones(forget.shape[1])
    rows = [None] * T
    for t in reversed(range(T)):
        rows[t] = p
        p = p * forget[t]
    return torch.stack(rows)
