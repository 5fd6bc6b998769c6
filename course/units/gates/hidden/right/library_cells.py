import torch
import torch.nn.functional as F


class LSTMCell(torch.nn.Module):
    def forward(self, input, state, weight_ih, weight_hh, bias):
        hx, cx = state
        gates = F.linear(input, weight_ih, bias) + F.linear(hx, weight_hh)
        ingate, forgetgate, cellgate, outgate = gates.chunk(4, 1)
        ingate, forgetgate, outgate = map(torch.sigmoid, (ingate, forgetgate, outgate))
        cy = (forgetgate * cx) + (ingate * cellgate.tanh())
        return outgate * cy.tanh(), cy


def lstm_step(x, h, c, w_x, w_h, b):
    return LSTMCell()(x, (h, c), w_x.t(), w_h.t(), b)


def gru_step(x, h, w_x, w_h, b_x, b_h):
    gi, gh = F.linear(x, w_x.t(), b_x), F.linear(h, w_h.t(), b_h)
    i_r, i_i, i_n = gi.chunk(3, 1)
    h_r, h_i, h_n = gh.chunk(3, 1)
    resetgate = torch.sigmoid(i_r + h_r)
    inputgate = torch.sigmoid(i_i + h_i)
    newgate = torch.tanh(i_n + resetgate * h_n)
    return newgate + inputgate * (h - newgate)


def cell_gradient(forget):
    ones = torch.ones_like(forget[:1])
    return torch.cat([ones, forget.flip(0)[:-1]]).cumprod(0).flip(0)
