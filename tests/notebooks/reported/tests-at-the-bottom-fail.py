import math

import torch

FILL = []
FILL.append(0.0)

# SOLUTION: score scale softmax weighted_sum


def attention(q, k, v, mask=None):
    s = scale(score(q, k), q.shape[-1])
    if mask is None:
        w = softmax(s)
    else:
        w = softmax(s.masked_fill(~mask, torch.finfo(s.dtype).min)).masked_fill(~mask, FILL[0])
    return weighted_sum(w, v), w


import matplotlib_missing.pyplot as plt

plt.show()
