import torch


def lstm_step(x, h, c, w_x, w_h, b):
    H = h.size(1)
    z = torch.mm(x, w_x) + torch.mm(h, w_h) + b
    input_gate = torch.sigmoid(z[:, 0:H])
    forget_gate = torch.sigmoid(z[:, H : 2 * H])
    candidate = torch.tanh(z[:, 2 * H : 3 * H])
    output_gate = torch.sigmoid(z[:, 3 * H : 4 * H])
    c_new = forget_gate * c + input_gate * candidate
    h_new = output_gate * torch.tanh(c_new)
    return h_new, c_new


def gru_step(x, h, w_x, w_h, b_x, b_h):
    H = h.size(1)
    gx = torch.mm(x, w_x) + b_x
    gh = torch.mm(h, w_h) + b_h
    r = torch.sigmoid(gx[:, :H] + gh[:, :H])
    z = torch.sigmoid(gx[:, H : 2 * H] + gh[:, H : 2 * H])
    n = torch.tanh(gx[:, 2 * H :] + r * gh[:, 2 * H :])
    h_new = (1.0 - z) * n + z * h
    return h_new


def cell_gradient(forget):
    T = forget.size(0)
    rows = []
    product = torch.ones_like(forget[0])
    for t in range(T - 1, -1, -1):
        rows.append(product)
        product = product * forget[t]
    rows.reverse()
    return torch.stack(rows)
