import torch
from collections import namedtuple

LSTM = namedtuple("LSTM", "h c")


def lstm_step(x, h, c, w_x, w_h, b):
    H = h.shape[1]

    def part(k):
        return (
            torch.einsum("nd,dh->nh", x, w_x[:, k * H : (k + 1) * H])
            + torch.einsum("nd,dh->nh", h, w_h[:, k * H : (k + 1) * H])
            + b[k * H : (k + 1) * H]
        )

    i, f, o = (torch.sigmoid(part(k)) for k in (0, 1, 3))
    g = part(2).tanh()
    c2 = torch.addcmul(f * c, i, g)
    return LSTM(c2.tanh() * o, c2)


def gru_step(x, h, w_x, w_h, b_x, b_h):
    H = h.shape[1]
    a = torch.addmm(b_x, x, w_x).view(len(x), 3, H)
    d = torch.addmm(b_h, h, w_h).view(len(x), 3, H)
    r, z = (a[:, :2] + d[:, :2]).sigmoid().unbind(1)
    n = (a[:, 2] + d[:, 2] * r).tanh()
    return torch.lerp(n, h, z)


def cell_gradient(forget):
    T = len(forget)
    return torch.stack([forget[t + 1 :].prod(0) for t in range(T)])
