"""A sigmoid is a softmax over two: the logit and a zero. Gates on an axis of their own."""

import torch


def gate(logits):
    return torch.stack((logits, torch.zeros_like(logits)), -1).softmax(-1)[..., 0]


def lstm_step(x, h, c, w_x, w_h, b):
    n, width = h.shape
    w = w_x.reshape(-1, 4, width).transpose(0, 1)  # (4, D, H)
    u = w_h.reshape(width, 4, width).transpose(0, 1)
    z = torch.matmul(x, w) + torch.matmul(h, u) + b.reshape(4, 1, width)
    i, f, o = gate(z[[0, 1, 3]])
    memory = torch.stack([f, i]) * torch.stack([c, z[2].tanh()])
    memory = memory.sum(0)
    return o * memory.tanh(), memory


def gru_step(x, h, w_x, w_h, b_x, b_h):
    width = h.shape[-1]
    gates = slice(0, 2 * width)
    rz = gate(torch.cat([x, h], -1) @ torch.vstack([w_x, w_h])[:, gates] + (b_x + b_h)[gates])
    r, z = rz.hsplit(2)
    n = torch.tanh(x @ w_x[:, -width:] + b_x[-width:] + r * (h @ w_h[:, -width:] + b_h[-width:]))
    mix = torch.stack([1 - z, z])
    return torch.einsum("gnh,gnh->nh", mix, torch.stack([n, h]))


def cell_gradient(forget):
    """Halves: what comes after the first half is the product of the whole second one."""
    length = forget.shape[0]
    if length < 2:
        return forget.new_ones(forget.shape)
    first, second = forget[: length // 2], forget[length // 2 :]
    return torch.cat([cell_gradient(first) * second.prod(0, keepdim=True), cell_gradient(second)])
