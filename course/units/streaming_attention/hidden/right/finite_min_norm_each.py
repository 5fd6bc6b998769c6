import torch


def streaming_attention(q, k, v, block_size):
    *lead, Tq, d = q.shape
    Tk = k.shape[-2]
    m = torch.full((*lead, Tq), torch.finfo(q.dtype).min, dtype=q.dtype, device=q.device)
    l = torch.zeros((*lead, Tq), dtype=q.dtype, device=q.device)
    o = torch.zeros((*lead, Tq, v.shape[-1]), dtype=q.dtype, device=q.device)
    start = 0
    while start < Tk:
        end = min(start + block_size, Tk)
        s = torch.matmul(q, k[..., start:end, :].transpose(-2, -1)) / d**0.5
        mn = torch.maximum(m, s.max(-1)[0])
        p = torch.exp(s - mn[..., None])
        a = torch.exp(m - mn)
        ln = a * l + p.sum(-1)
        o = (o * (a * l)[..., None] + p @ v[..., start:end, :]) / ln[..., None]
        m, l = mn, ln
        start = end
    return o
