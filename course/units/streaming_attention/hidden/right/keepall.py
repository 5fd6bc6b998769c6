import math, torch

def keepall(q, k, v, B):  # verbose, keeps many temporaries alive
    m = q.new_full(q.shape[:-1], -math.inf)
    l = q.new_zeros(q.shape[:-1])
    o = q.new_zeros((*q.shape[:-1], v.shape[-1]))
    n = (k.shape[-2] + B - 1) // B
    for j in range(n):
        kb = k[..., j * B : (j + 1) * B, :].clone()
        vb = v[..., j * B : (j + 1) * B, :].clone()
        raw = torch.matmul(q, kb.transpose(-1, -2))
        scaled = raw / math.sqrt(q.shape[-1])
        bm = scaled.max(dim=-1)[0]
        new = torch.max(m, bm)
        shifted = scaled - new.unsqueeze(-1)
        ex = torch.exp(shifted)
        al = torch.exp(m - new)
        s = ex.sum(-1)
        l = al * l + s
        o = al[..., None] * o + torch.matmul(ex, vb)
        m = new
    return o / l[..., None]

streaming_attention = keepall
