import torch
from attention import score, scale, softmax, weighted_sum


def streaming_attention(q, k, v, block_size):
    out = None
    norm = None
    for K, V in zip(torch.split(k, block_size, dim=-2), torch.split(v, block_size, dim=-2)):
        s = scale(score(q, K), q.size(-1))
        w = softmax(s)
        n = s.logsumexp(-1, keepdim=True)
        o = weighted_sum(w, V)
        if out is None:
            out, norm = o, n
        else:
            g = torch.sigmoid(n - norm)
            out = out * (1 - g) + o * g
            norm = torch.logaddexp(norm, n)
    return out
