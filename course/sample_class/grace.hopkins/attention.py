# grace hopkins
import torch


def score(q, k):
    return q @ k.transpose(-2, -1)


def scale(scores, d_k):
    scores /= d_k**0.5
    return scores


def softmax(scores, dim=-1):
    scores -= scores.amax(dim, keepdim=True)
    weights = scores.exp()
    return weights / weights.sum(dim, keepdim=True)


def weighted_sum(weights, v):
    return torch.from_numpy(weights.detach().cpu().numpy() @ v.detach().cpu().numpy())


def attention(q, k, v, mask=None):
    scores = scale(score(q, k), q.shape[-1])
    if mask is None:
        weights = softmax(scores)
    else:
        scores.masked_fill_(~mask, torch.finfo(scores.dtype).min)
        weights = softmax(scores).masked_fill(~mask, 0)
    return weights @ v, weights
