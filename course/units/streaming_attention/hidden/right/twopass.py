import math, torch

def twopass(q, k, v, B):
    m = torch.full(q.shape[:-1], -math.inf, dtype=q.dtype, device=q.device)
    for i in range(0, k.shape[-2], B):
        m = torch.maximum(m, (q @ k[..., i : i + B, :].mT).amax(-1))
    l = 0
    o = 0
    for i in range(0, k.shape[-2], B):
        p = torch.exp((q @ k[..., i : i + B, :].mT - m[..., None]) / math.sqrt(q.shape[-1]))
        l = l + p.sum(-1, keepdim=True)
        o = o + p @ v[..., i : i + B, :]
    return o / l

streaming_attention = twopass
