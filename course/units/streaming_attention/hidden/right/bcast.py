import math, torch

def bcast(q, k, v, B):  # broadcast multiply (Tq,B,d)
    m = q.new_full((*q.shape[:-1], 1), -math.inf)
    l = q.new_zeros((*q.shape[:-1], 1))
    o = q.new_zeros((*q.shape[:-1], v.shape[-1]))
    for kb, vb in zip(k.split(B, -2), v.split(B, -2)):
        s = (q[..., :, None, :] * kb[..., None, :, :]).sum(-1) / math.sqrt(q.shape[-1])
        n = torch.maximum(m, s.amax(-1, keepdim=True))
        p = (s - n).exp()
        c = (m - n).exp()
        l = l * c + p.sum(-1, keepdim=True)
        o = o * c + (p[..., None] * vb[..., None, :, :]).sum(-2)
        m = n
    return o / l

streaming_attention = bcast
