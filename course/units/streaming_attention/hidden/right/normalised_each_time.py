import torch


def streaming_attention(q, k, v, block_size):
    out, lse = 0.0, torch.full_like(q[..., :1], -torch.inf)
    for i in range(-(-k.shape[-2] // block_size)):
        rows = slice(i * block_size, (i + 1) * block_size)
        s = torch.einsum("...id,...jd->...ij", q / q.shape[-1] ** 0.5, k[..., rows, :])
        new = torch.cat([lse, s], -1).logsumexp(-1, keepdim=True)
        out = out * (lse - new).exp() + (s - new).exp() @ v[..., rows, :]
        lse = new
    return out
