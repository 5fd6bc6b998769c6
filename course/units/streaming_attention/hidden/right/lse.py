import torch

def lse(q, k, v, B):
    L = None
    o = None
    for kb, vb in zip(k.split(B, -2), v.split(B, -2)):
        s = torch.einsum("...id,...jd->...ij", q, kb) / q.shape[-1] ** 0.5
        b = torch.logsumexp(s, -1, keepdim=True)
        ob = torch.softmax(s, -1) @ vb
        if L is None:
            L, o = b, ob
        else:
            n = torch.logaddexp(L, b)
            o = o * (L - n).exp() + ob * (b - n).exp()
            L = n
    return o

streaming_attention = lse
