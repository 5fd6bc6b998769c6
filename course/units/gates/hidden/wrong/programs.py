"""Wrong programs for the unit `gates`, as people and language models write them."""

import torch


def lstm_step__order_ifog(x, h, c, w_x, w_h, b):
    """The blocks are taken as i, f, o, g. -> gate_order"""
    i, f, o, g = (x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def lstm_step__order_fi(x, h, c, w_x, w_h, b):
    """The blocks are taken as f, i, g, o. -> gates_swapped"""
    f, i, g, o = (x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def lstm_step__pair_swapped(x, h, c, w_x, w_h, b):
    """(c, h) in place of (h, c). -> results_swapped"""
    i, f, g, o = (x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c_next = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    h_next = torch.sigmoid(o) * torch.tanh(c_next)
    return c_next, h_next


def lstm_step__no_tanh_of_cell(x, h, c, w_x, w_h, b):
    """h' = o·c', the tanh is missing. -> no_tanh"""
    i, f, g, o = (x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c_next = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * c_next, c_next


def lstm_step__old_cell_shown(x, h, c, w_x, w_h, b):
    """h' is made from the old cell. -> old_cell"""
    i, f, g, o = (x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c_next = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c_next


def lstm_step__candidate_sigmoid(x, h, c, w_x, w_h, b):
    """All four blocks pass a sigmoid. -> sigmoid_candidate"""
    i, f, g, o = torch.sigmoid(x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c_next = f * c + i * g
    return o * torch.tanh(c_next), c_next


def lstm_step__gates_tanh(x, h, c, w_x, w_h, b):
    """The gates pass a tanh as well. -> tanh_gates"""
    i, f, g, o = torch.tanh(x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c_next = f * c + i * g
    return o * torch.tanh(c_next), c_next


def lstm_step__forget_inverted(x, h, c, w_x, w_h, b):
    """The forget gate says how much is forgotten: (1 - f)·c. -> forget_inverted"""
    i, f, g, o = (x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c_next = (1 - torch.sigmoid(f)) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c_next), c_next


def lstm_step__coupled(x, h, c, w_x, w_h, b):
    """The input gate is taken as 1 - f. -> coupled_gates"""
    i, f, g, o = (x @ w_x + h @ w_h + b).chunk(4, dim=1)
    f = torch.sigmoid(f)
    c_next = f * c + (1 - f) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c_next), c_next


def lstm_step__no_gates(x, h, c, w_x, w_h, b):
    """The sigmoids of the gates are forgotten. -> no_sigmoid"""
    i, f, g, o = (x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c_next = f * c + i * torch.tanh(g)
    return o * torch.tanh(c_next), c_next


def lstm_step__split_4(x, h, c, w_x, w_h, b):
    """`split(4)` makes pieces of width 4. -> split_width"""
    i, f, g, o = (x @ w_x + h @ w_h + b).split(4, dim=1)
    c_next = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c_next), c_next


def lstm_step__chunk_rows(x, h, c, w_x, w_h, b):
    """`chunk` along the batch. -> wrong_axis"""
    i, f, g, o = (x @ w_x + h @ w_h + b).chunk(4)
    c_next = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c_next), c_next


def lstm_step__interleaved(x, h, c, w_x, w_h, b):
    """Every fourth column in place of four blocks. -> interleaved"""
    z = x @ w_x + h @ w_h + b
    i, f, g, o = z[:, 0::4], z[:, 1::4], z[:, 2::4], z[:, 3::4]
    c_next = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c_next), c_next


def lstm_step__no_bias(x, h, c, w_x, w_h, b):
    """The bias is forgotten. -> no_bias"""
    i, f, g, o = (x @ w_x + h @ w_h).chunk(4, dim=1)
    c_next = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c_next), c_next


def lstm_step__in_place(x, h, c, w_x, w_h, b):
    """The caller's cell is overwritten. -> in_place"""
    i, f, g, o = (x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c *= torch.sigmoid(f)
    c += torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def lstm_step__transposed(x, h, c, w_x, w_h, b):
    """The weights are transposed, as in nn.LSTMCell. -> transposed_weights"""
    i, f, g, o = (x @ w_x.T + h @ w_h.T + b).chunk(4, dim=1)
    c_next = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c_next), c_next


def lstm_step__forget_bias(x, h, c, w_x, w_h, b):
    """A forget bias of 1 is added. -> forget_bias"""
    i, f, g, o = (x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c_next = torch.sigmoid(f + 1) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c_next), c_next


def lstm_step__exp_sigmoid(x, h, c, w_x, w_h, b):
    """A sigmoid by hand as exp(a)/(1 + exp(a)), which overflows. -> sigmoid_overflows"""

    def sigmoid(a):
        return torch.exp(a) / (1 + torch.exp(a))

    i, f, g, o = (x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c_next = sigmoid(f) * c + sigmoid(i) * torch.tanh(g)
    return sigmoid(o) * torch.tanh(c_next), c_next


def lstm_step__h_in_cell(x, h, c, w_x, w_h, b):
    """The forget gate scales the state, not the cell. -> state_for_cell"""
    i, f, g, o = (x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c_next = torch.sigmoid(f) * h + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c_next), c_next


def gru_step__z_swapped(x, h, w_x, w_h, b_x, b_h):
    """z and 1 - z are swapped, as in the paper of Cho. -> interpolation_swapped"""
    xr, xz, xn = (x @ w_x + b_x).chunk(3, 1)
    hr, hz, hn = (h @ w_h + b_h).chunk(3, 1)
    r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    n = torch.tanh(xn + r * hn)
    return z * n + (1 - z) * h


def gru_step__reset_before(x, h, w_x, w_h, b_x, b_h):
    """The reset gate scales h before the product. -> reset_before_matmul"""
    H = h.shape[1]
    xr, xz, xn = (x @ w_x + b_x).chunk(3, 1)
    hr, hz, _ = (h @ w_h + b_h).chunk(3, 1)
    r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    n = torch.tanh(xn + (r * h) @ w_h[:, 2 * H :] + b_h[2 * H :])
    return (1 - z) * n + z * h


def gru_step__order_zr(x, h, w_x, w_h, b_x, b_h):
    """The blocks are taken as z, r, n. -> gates_swapped"""
    xz, xr, xn = (x @ w_x + b_x).chunk(3, 1)
    hz, hr, hn = (h @ w_h + b_h).chunk(3, 1)
    r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    n = torch.tanh(xn + r * hn)
    return (1 - z) * n + z * h


def gru_step__no_reset(x, h, w_x, w_h, b_x, b_h):
    """The reset gate is not used. -> no_reset"""
    xr, xz, xn = (x @ w_x + b_x).chunk(3, 1)
    hr, hz, hn = (h @ w_h + b_h).chunk(3, 1)
    z = torch.sigmoid(xz + hz)
    n = torch.tanh(xn + hn)
    return (1 - z) * n + z * h


def gru_step__bias_outside(x, h, w_x, w_h, b_x, b_h):
    """b_h of the candidate stands outside the reset. -> bias_outside_reset"""
    H = h.shape[1]
    xr, xz, xn = (x @ w_x + b_x).chunk(3, 1)
    hr, hz, hn = (h @ w_h).chunk(3, 1)
    br, bz, bn = b_h[:H], b_h[H : 2 * H], b_h[2 * H :]
    r, z = torch.sigmoid(xr + hr + br), torch.sigmoid(xz + hz + bz)
    n = torch.tanh(xn + r * hn + bn)
    return (1 - z) * n + z * h


def gru_step__one_bias(x, h, w_x, w_h, b_x, b_h):
    """b_h is forgotten. -> no_bias"""
    xr, xz, xn = (x @ w_x + b_x).chunk(3, 1)
    hr, hz, hn = (h @ w_h).chunk(3, 1)
    r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    n = torch.tanh(xn + r * hn)
    return (1 - z) * n + z * h


def gru_step__reset_all(x, h, w_x, w_h, b_x, b_h):
    """The reset gate scales the whole candidate, the input's part too. -> reset_of_everything"""
    xr, xz, xn = (x @ w_x + b_x).chunk(3, 1)
    hr, hz, hn = (h @ w_h + b_h).chunk(3, 1)
    r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    n = torch.tanh(r * (xn + hn))
    return (1 - z) * n + z * h


def gru_step__candidate_sigmoid(x, h, w_x, w_h, b_x, b_h):
    """A sigmoid on the candidate. -> sigmoid_candidate"""
    xr, xz, xn = (x @ w_x + b_x).chunk(3, 1)
    hr, hz, hn = (h @ w_h + b_h).chunk(3, 1)
    r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    n = torch.sigmoid(xn + r * hn)
    return (1 - z) * n + z * h


def gru_step__no_old_state(x, h, w_x, w_h, b_x, b_h):
    """The old state is not mixed in. -> no_memory"""
    xr, xz, xn = (x @ w_x + b_x).chunk(3, 1)
    hr, hz, hn = (h @ w_h + b_h).chunk(3, 1)
    r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    n = torch.tanh(xn + r * hn)
    return (1 - z) * n


def gru_step__added(x, h, w_x, w_h, b_x, b_h):
    """Everything is added before it is split. -> reset_of_everything"""
    r, z, n = (x @ w_x + b_x + h @ w_h + b_h).chunk(3, 1)
    r, z = torch.sigmoid(r), torch.sigmoid(z)
    n = torch.tanh(r * n)
    return (1 - z) * n + z * h


def cell_gradient__with_own(forget):
    """The row itself is in the product. -> off_by_one"""
    return forget.flip(0).cumprod(0).flip(0)


def cell_gradient__forwards(forget):
    """The rows before in place of those after. -> in_place, reversed_time"""
    out = torch.ones_like(forget)
    for t in range(1, len(forget)):
        out[t] = out[t - 1] * forget[t - 1]
    return out


def cell_gradient__sum(forget):
    """A sum in place of a product. -> sum_for_product"""
    following = torch.cat([forget[1:], torch.ones_like(forget[:1])])
    return following.flip(0).cumsum(0).flip(0)


def cell_gradient__division(forget):
    """The whole product divided by the one so far: NaN where a gate is 0. -> divided_products"""
    return forget.prod(0) / forget.cumprod(0)


def cell_gradient__last_zero(forget):
    """The last row is zeros. -> in_place, last_row_zero"""
    out = torch.zeros_like(forget)
    out[-2] = forget[-1]
    for t in range(len(forget) - 3, -1, -1):
        out[t] = out[t + 1] * forget[t + 1]
    return out


def cell_gradient__wrong_axis(forget):
    """Along the units in place of time. -> wrong_axis"""
    following = torch.cat([forget[:, 1:], torch.ones_like(forget[:, :1])], 1)
    return following.flip(1).cumprod(1).flip(1)


def cell_gradient__not_flipped_back(forget):
    """The result stands upside down. -> upside_down"""
    following = torch.cat([forget[1:], torch.ones_like(forget[:1])])
    return following.flip(0).cumprod(0)


def cell_gradient__logs(forget):
    """By logarithms: the gradient is NaN at a gate of 0. -> through_logarithms"""
    following = torch.cat([forget[1:], torch.ones_like(forget[:1])])
    return following.log().flip(0).cumsum(0).flip(0).exp()


def cell_gradient__tanh_slope(forget):
    """The gate's own slope f·(1 - f) is multiplied. -> slope_for_gate"""
    slope = forget * (1 - forget)
    following = torch.cat([slope[1:], torch.ones_like(forget[:1])])
    return following.flip(0).cumprod(0).flip(0)


def cell_gradient__numbers(forget):
    """Built from `.item()`: no gradient. -> detached"""
    T, H = forget.shape
    out = torch.ones(T, H, dtype=forget.dtype)
    for t in range(T - 2, -1, -1):
        for j in range(H):
            out[t, j] = out[t + 1, j].item() * forget[t + 1, j].item()
    return out


def lstm_step__sigmoid_by_size(x, h, c, w_x, w_h, b):
    """A sigmoid that never overflows, by |x|: its gradient at exactly 0 is 0. -> flat_at_zero"""

    def sigmoid(x):
        small = torch.exp(-x.abs())
        return torch.where(x >= 0, 1 / (1 + small), small / (1 + small))

    i, f, g, o = (x @ w_x + h @ w_h + b).chunk(4, dim=1)
    c = sigmoid(f) * c + sigmoid(i) * torch.tanh(g)
    return sigmoid(o) * torch.tanh(c), c


def cell_gradient__ones_of_float32(forget):
    """The last row is of torch's default dtype, and so float16 is widened. -> wrong_dtype"""
    ones = torch.ones(1, forget.shape[1], device=forget.device)
    return torch.cat([forget[1:], ones]).flip(0).cumprod(0).flip(0)


def cell_gradient__logarithms(forget):
    """A product through a sum of logarithms. -> through_logarithms"""
    logs = torch.log(forget)
    return torch.exp(logs.flip(0).cumsum(0).flip(0) - logs)


def cell_gradient__logarithms_of_all(forget):
    """Sums of logarithms, of the first row too, which no product holds. -> through_logarithms"""
    logs = forget.log()
    after = torch.flip(torch.flip(logs, [0]).cumsum(0), [0])
    return torch.cat([after[1:], torch.zeros_like(logs[:1])]).exp()


def gru_step__view_of_three(x, h, w_x, w_h, b_x, b_h):
    """The columns are cut into triples, one number for each gate. -> interleaved"""
    x_r, x_z, x_n = (x @ w_x + b_x).view(len(x), -1, 3).unbind(-1)
    h_r, h_z, h_n = (h @ w_h + b_h).view(len(h), -1, 3).unbind(-1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    n = torch.tanh(x_n + r * h_n)
    return (1 - z) * n + z * h
