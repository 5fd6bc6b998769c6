import torch


def parts(matrix, names):
    width = matrix.shape[-1] // len(names)
    return {n: matrix[..., i * width : (i + 1) * width] for i, n in enumerate(names)}


def lstm_step(x, h, c, w_x, w_h, b):
    wx, wh, bias = (parts(p, "ifgo") for p in (w_x, w_h, b))
    pre = {n: x @ wx[n] + h @ wh[n] + bias[n] for n in "ifgo"}
    c = pre["f"].sigmoid() * c + pre["i"].sigmoid() * pre["g"].tanh()
    return [pre["o"].sigmoid() * c.tanh(), c]


def gru_step(x, h, w_x, w_h, b_x, b_h):
    wx, wh, bx, bh = (parts(p, "rzn") for p in (w_x, w_h, b_x, b_h))
    from_x = {n: x @ wx[n] + bx[n] for n in "rzn"}
    from_h = {n: h @ wh[n] + bh[n] for n in "rzn"}
    r = (from_x["r"] + from_h["r"]).sigmoid()
    z = (from_x["z"] + from_h["z"]).sigmoid()
    return (1 - z) * (from_x["n"] + r * from_h["n"]).tanh() + z * h


def cell_gradient(forget):
    if len(forget) == 1:
        return torch.ones_like(forget)
    later = cell_gradient(forget[1:]) if len(forget) < 20 else None
    if later is not None:
        return torch.cat([forget[1:2] * later[:1], later])
    out = [torch.ones_like(forget[-1])]
    for row in forget[1:].flip(0):
        out.append(out[-1] * row)
    return torch.stack(out[::-1])
