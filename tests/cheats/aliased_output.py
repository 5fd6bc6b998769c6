"""Returns the same memory at every call, and writes the last call's result into it."""

import slow
import torch

shared = {}


def attention(q, k, v, mask=None):
    if not shared:
        shared["output"] = torch.zeros_like(v)
        shared["weights"] = q.new_zeros(len(q), q.shape[1], k.shape[1])
    result = shared["output"].clone(), shared["weights"].clone()
    output, weights = slow.attention(q, k, v)
    shared["output"].copy_(output), shared["weights"].copy_(weights)
    return result
