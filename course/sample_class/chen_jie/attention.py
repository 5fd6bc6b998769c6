import torch


def score(q, k):
    return q.matmul(k.transpose(-2, -1))


def scale(scores, d_k):
    return scores.div(d_k**0.5)


def softmax(scores, dim=-1):
    # log-sum-exp by hand
    z = scores - scores.amax(dim, keepdim=True)
    return (z - z.exp().sum(dim, keepdim=True).log()).exp()


def weighted_sum(weights, v):
    return weights.matmul(v)


def attention(q, k, v, mask=None):
    s = scale(score(q, k), q.shape[-1])
    if mask is None:
        w = softmax(s)
    else:
        mask = mask.expand_as(s)
        any_key = mask.any(-1, keepdim=True)
        # rows that see nothing get zeros as scores, so nothing is nan on the way back either
        s = s.masked_fill(~mask, float("-inf")).masked_fill(~any_key, 0.0)
        w = softmax(s) * any_key.to(s.dtype)
    return weighted_sum(w, v), w
