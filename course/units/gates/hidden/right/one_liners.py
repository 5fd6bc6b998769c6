import torch
from torch import sigmoid as s, tanh as t


def lstm_step(x, h, c, w_x, w_h, b):
    i, f, g, o = torch.tensor_split(torch.cat((x, h), 1) @ torch.cat((w_x, w_h)) + b, 4, 1)
    return s(o) * t(k := s(f) * c + s(i) * t(g)), k


def gru_step(x, h, w_x, w_h, b_x, b_h):
    (a, b, c), (d, e, f) = (x @ w_x + b_x).chunk(3, 1), (h @ w_h + b_h).chunk(3, 1)
    return torch.lerp(t(c + s(a + d) * f), h, s(b + e))


cell_gradient = lambda f: torch.stack([f[i + 1 :].prod(0) for i in range(len(f))])
