"""Work in place, on copies and buffers of its own."""

import torch


def lstm_step(x, h, c, w_x, w_h, b):
    gates = b.repeat(x.size(0), 1)
    gates += x @ w_x
    gates += h @ w_h
    width = h.size(1)
    opened = gates.clone()
    opened.sigmoid_()
    cell = c.clone()
    cell *= opened[:, width : 2 * width]
    cell += opened[:, :width] * gates[:, 2 * width : 3 * width].tanh()
    out = opened[:, 3 * width :].clone()
    out *= cell.tanh()
    return out, cell


def gru_step(x, h, w_x, w_h, b_x, b_h):
    width = h.size(1)
    reset, update, new = torch.addmm(b_x, x, w_x).clone().split(width, 1)
    hidden = torch.addmm(b_h, h, w_h)
    reset = reset.clone().add_(hidden[:, :width]).sigmoid_()
    update = update.clone().add_(hidden[:, width:-width]).sigmoid_()
    new = new.clone().addcmul_(reset, hidden[:, -width:]).tanh_()
    out = torch.zeros_like(h)
    out += new
    out += update * (h - new)
    return out


def cell_gradient(forget):
    out = torch.empty_like(forget)
    product = torch.ones_like(forget[-1])
    for t in range(len(forget) - 1, -1, -1):
        out[t] = product
        product = product.clone()
        product *= forget[t]
    return out
