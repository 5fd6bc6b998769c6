import math
from dataclasses import dataclass

import torch


@dataclass
class Head:
    q: torch.Tensor
    k: torch.Tensor
    v: torch.Tensor

    @property
    def logits(self):
        return scale(score(self.q, self.k), self.q.shape[-1])

    def __call__(self, mask=None):
        logits = self.logits
        if mask is None:
            w = softmax(logits)
        else:
            bias = torch.zeros(mask.shape, dtype=logits.dtype, device=logits.device)
            bias = bias.masked_fill(~mask, torch.finfo(logits.dtype).min / 2)
            w = softmax((logits + bias).clamp(min=torch.finfo(logits.dtype).min)) * mask
        return weighted_sum(w, self.v), w


def score(q, k):
    return (q.unsqueeze(-2) @ k.unsqueeze(-3).mT).squeeze(-2)


def scale(scores, d_k):
    return scores / math.sqrt(d_k)


def softmax(scores, dim=-1):
    return torch.exp(torch.log_softmax(scores, dim))


def weighted_sum(weights, v):
    return torch.einsum("...ij,...jd->...id", weights, v)


def attention(q, k, v, mask=None):
    return Head(q, k, v)(mask)
