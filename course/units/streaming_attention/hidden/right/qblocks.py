import math, torch

def online(q, k, v, block_size):
    m = q.new_full((*q.shape[:-1], 1), -math.inf)
    l = q.new_zeros((*q.shape[:-1], 1))
    o = q.new_zeros((*q.shape[:-1], v.shape[-1]))
    for kb, vb in zip(k.split(block_size, -2), v.split(block_size, -2)):
        s = q @ kb.mT / math.sqrt(q.shape[-1])
        n = torch.maximum(m, s.amax(-1, keepdim=True))
        p = (s - n).exp()
        c = (m - n).exp()
        l = l * c + p.sum(-1, keepdim=True)
        o = o * c + p @ vb
        m = n
    return o / l

def qblocks(q, k, v, B):
    return torch.cat([online(x, k, v, B) for x in q.split(B, -2)], -2)

streaming_attention = qblocks
