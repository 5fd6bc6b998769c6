import torch, math


def part(q, k, v):
    s = torch.einsum("...id,...jd->...ij", q, k) * q.shape[-1] ** -0.5
    m = torch.max(s, dim=-1, keepdim=True).values
    p = torch.exp(s - m)
    return m, p.sum(-1, keepdim=True), torch.einsum("...ij,...jd->...id", p, v)


def merge(a, b):
    m = torch.where(a[0] > b[0], a[0], b[0])
    x, y = (a[0] - m).exp(), (b[0] - m).exp()
    return m, a[1] * x + b[1] * y, a[2] * x + b[2] * y


def streaming_attention(q, k, v, block_size):
    acc = None
    for i in range(0, k.shape[-2], block_size):
        p = part(q, k[..., i : i + block_size, :], v[..., i : i + block_size, :])
        acc = p if acc is None else merge(acc, p)
    return acc[2] / acc[1]
