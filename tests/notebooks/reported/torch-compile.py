import math

import torch

# SOLUTION: score scale weighted_sum


@torch.compile
def softmax(scores, dim=-1):
    exponentials = (scores - scores.amax(dim, keepdim=True)).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


class Layer(torch.nn.Module):
    def forward(self, q, k, v, mask):
        return _attention(q, k, v, mask)


@torch.compile(mode="reduce-overhead")
def _attention(q, k, v, mask):
    s = scale(score(q, k), q.shape[-1])
    if mask is None:
        w = softmax(s)
    else:
        w = softmax(s.masked_fill(~mask, torch.finfo(s.dtype).min)).masked_fill(~mask, 0.0)
    return weighted_sum(w, v), w


layer = Layer()
layer.compile()
attention = torch.compile(lambda q, k, v, mask=None: layer(q, k, v, mask), fullgraph=True)
