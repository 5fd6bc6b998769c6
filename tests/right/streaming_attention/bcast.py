import math, torch, torch.nn.functional as F


def tiny(q, k, v, B):
    return q[:1] @ k[:1].mT @ v[:1]


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


def plain(q, k, v, B):
    return torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), -1) @ v


def sdpa(q, k, v, B):
    return F.scaled_dot_product_attention(q, k, v)


def sdpa4(q, k, v, B):
    return F.scaled_dot_product_attention(q[None, None], k[None, None], v[None, None])[0, 0]


def sdpa4eq(q, k, v, B):
    return F.scaled_dot_product_attention(
        q[None, None], k[None, None], F.pad(v, (0, q.shape[-1] - v.shape[-1]))[None, None]
    )[0, 0][..., : v.shape[-1]]


def fullscores(q, k, v, B):
    S = q @ k.mT
    S /= math.sqrt(q.shape[-1])
    m = q.new_full((*q.shape[:-1], 1), -math.inf)
    l = q.new_zeros((*q.shape[:-1], 1))
    o = q.new_zeros((*q.shape[:-1], v.shape[-1]))
    for s, vb in zip(S.split(B, -1), v.split(B, -2)):
        n = torch.maximum(m, s.amax(-1, keepdim=True))
        p = (s - n).exp()
        c = (m - n).exp()
        l = l * c + p.sum(-1, keepdim=True)
        o = o * c + p @ vb
        m = n
    return o / l


def full_inplace(q, k, v, B):
    S = q @ k.mT
    S /= math.sqrt(q.shape[-1])
    S -= S.amax(-1, keepdim=True)
    S.exp_()
    S /= S.sum(-1, keepdim=True)
    return S @ v


def qblocks(q, k, v, B):
    return torch.cat([online(x, k, v, B) for x in q.split(B, -2)], -2)


def qblocks_plain(q, k, v, B):
    return torch.cat([plain(x, k, v, B) for x in q.split(B, -2)], -2)


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


def twopass(q, k, v, B):
    m = torch.full(q.shape[:-1], -math.inf, dtype=q.dtype)
    for i in range(0, k.shape[-2], B):
        m = torch.maximum(m, (q @ k[..., i : i + B, :].mT).amax(-1))
    l = 0
    o = 0
    for i in range(0, k.shape[-2], B):
        p = torch.exp((q @ k[..., i : i + B, :].mT - m[..., None]) / math.sqrt(q.shape[-1]))
        l = l + p.sum(-1, keepdim=True)
        o = o + p @ v[..., i : i + B, :]
    return o / l


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


def qloop(q, k, v, B):
    return torch.stack(
        [online(q[..., i : i + 1, :], k, v, B)[..., 0, :] for i in range(q.shape[-2])], -2
    )


def graph(q, k, v, B):
    return online(q.clone().requires_grad_(), k, v, B)


streaming_attention = bcast
