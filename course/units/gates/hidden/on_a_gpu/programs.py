"""What a GPU would refuse in the unit `gates`, and what it would not: see `attention`."""

import numpy as np
import torch


def lstm_step__own_sigmoid(x, h, c, w_x, w_h, b):
    """-> torch.ones(1, dtype=t.dtype)"""
    sigmoid = lambda t: torch.ones(1, dtype=t.dtype) / (1 + torch.exp(-t))
    i, f, g, o = (x @ w_x + h @ w_h + b).chunk(4, -1)
    c = sigmoid(f) * c + sigmoid(i) * torch.tanh(g)
    return sigmoid(o) * torch.tanh(c), c


def lstm_step__gates_into_a_buffer(x, h, c, w_x, w_h, b):
    """-> torch.zeros(x.shape[0], 4"""
    gates = torch.zeros(x.shape[0], 4 * h.shape[1], dtype=x.dtype)
    gates += x @ w_x + h @ w_h + b
    i, f, g, o = gates.chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def lstm_step__transposed_weights(x, h, c, w_x, w_h, b):
    """-> torch.lstm(x"""
    weights = [w_x.T, w_h.T, b, torch.zeros_like(b)]
    _, h, c = torch.lstm(x[None], (h[None], c[None]), weights, True, 1, 0.0, False, False, False)
    return h[0], c[0]


def gru_step__transposed_weights(x, h, w_x, w_h, b_x, b_h):
    """-> torch.gru(x"""
    weights = [w_x.T, w_h.T, b_x, b_h]
    return torch.gru(x[None], h[None], weights, True, 1, 0.0, False, False, False)[0][0]


def gru_step__copied_weights(x, h, w_x, w_h, b_x, b_h):
    """CUDA takes it. ->"""
    weights = [w_x.T.contiguous(), w_h.T.contiguous(), b_x, b_h]
    state = h[None].contiguous()
    return torch.gru(x[None], state, weights, True, 1, 0.0, True, False, False)[0][0]


def gru_step__not_in_training(x, h, w_x, w_h, b_x, b_h):
    """-> torch.gru(x"""
    weights = [w_x.T.contiguous(), w_h.T.contiguous(), b_x, b_h]
    state = h[None].contiguous()
    return torch.gru(x[None], state, weights, True, 1, 0.0, False, False, False)[0][0]


def gru_step__data_to_numpy(x, h, w_x, w_h, b_x, b_h):
    """-> z.data.numpy()"""
    x_r, x_z, x_n = (x @ w_x + b_x).chunk(3, -1)
    h_r, h_z, h_n = (h @ w_h + b_h).chunk(3, -1)
    z = torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + torch.sigmoid(x_r + h_r) * h_n)
    z = torch.tensor(z.data.numpy())
    return (1 - z) * n + z * h


def gru_step__ones_on_the_cpu(x, h, w_x, w_h, b_x, b_h):
    """-> torch.ones(h.shape"""
    x_r, x_z, x_n = (x @ w_x + b_x).chunk(3, -1)
    h_r, h_z, h_n = (h @ w_h + b_h).chunk(3, -1)
    z = torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + torch.sigmoid(x_r + h_r) * h_n)
    keep = torch.ones(h.shape, dtype=h.dtype) - z
    return keep * n + z * h


def cell_gradient__ones_on_the_cpu(forget):
    """-> torch.ones(1, forget.shape[1]"""
    last = torch.ones(1, forget.shape[1], dtype=forget.dtype)
    return torch.cat([forget[1:], last]).flip(0).cumprod(0).flip(0)


def cell_gradient__index_select(forget):
    """-> torch.arange(len(forget) - 1"""
    following = torch.cat([forget[1:], torch.ones_like(forget[:1])])
    back = torch.arange(len(forget) - 1, -1, -1)
    return following.index_select(0, back).cumprod(0).flip(0)


def cell_gradient__an_index_on_the_cpu(forget):
    """CUDA takes it. ->"""
    following = torch.cat([forget[1:], torch.ones_like(forget[:1])])
    back = torch.arange(len(forget) - 1, -1, -1)
    return following[back].cumprod(0)[back]


def cell_gradient__numpy(forget):
    """-> np.cumprod("""
    products = torch.from_numpy(np.cumprod(forget.detach().flip(0), 0))
    return torch.cat([products.flip(0)[1:], torch.ones_like(forget[:1])])
