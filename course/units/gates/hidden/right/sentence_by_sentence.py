"""A loop over the sentences and one over the hidden units, which nobody times."""

import torch


def lstm_step(x, h, c, w_x, w_h, b):
    H = c.shape[1]
    new_h, new_c = [], []
    for n in range(len(x)):
        z = x[n] @ w_x + h[n] @ w_h + b
        for_h, for_c = [], []
        for j in range(H):
            i, f, o = z[j].sigmoid(), z[H + j].sigmoid(), z[3 * H + j].sigmoid()
            cell = f * c[n, j] + i * z[2 * H + j].tanh()
            for_c.append(cell)
            for_h.append(o * cell.tanh())
        new_h.append(torch.stack(for_h))
        new_c.append(torch.stack(for_c))
    return torch.stack(new_h), torch.stack(new_c)


def gru_step(x, h, w_x, w_h, b_x, b_h):
    rows = []
    for word, state in zip(x, h):
        a = (word @ w_x + b_x).reshape(3, -1)
        d = (state @ w_h + b_h).reshape(3, -1)
        r, z = torch.sigmoid(a[:2] + d[:2])
        rows.append(z * state + (1 - z) * torch.tanh(a[2] + r * d[2]))
    return torch.stack(rows)


def cell_gradient(forget):
    columns = []
    for column in forget.unbind(1):
        product, entries = torch.ones_like(column[0]), []
        for gate in reversed(column.unbind()):
            entries.append(product)
            product = product * gate
        columns.append(torch.stack(entries[::-1]))
    return torch.stack(columns, 1)
