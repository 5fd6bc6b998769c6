import math, torch

def splitk(q, k, v, B):
    ms = []
    ls = []
    os = []
    for kb, vb in zip(k.split(B, -2), v.split(B, -2)):
        s = q @ kb.mT / math.sqrt(q.shape[-1])
        m = s.amax(-1, keepdim=True)
        p = (s - m).exp()
        ms.append(m)
        ls.append(p.sum(-1, keepdim=True))
        os.append(p @ vb)
    M = torch.stack(ms)
    w = (M - M.amax(0)).exp()
    return (w * torch.stack(os)).sum(0) / (w * torch.stack(ls)).sum(0)

streaming_attention = splitk
