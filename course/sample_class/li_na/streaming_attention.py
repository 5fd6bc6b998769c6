from __future__ import annotations
import math
import torch

def streaming_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, block_size: int) -> torch.Tensor:
    maximum = q.new_full((*q.shape[:-1], 1), -math.inf)
    total = q.new_zeros(*q.shape[:-1], 1)
    output = q.new_zeros(*q.shape[:-1], v.shape[-1])
    for keys, values in zip(k.split(block_size, -2), v.split(block_size, -2), strict=True):
        scores = q @ keys.transpose(-2, -1) / math.sqrt(q.shape[-1])
        larger = torch.maximum(maximum, scores.amax(-1, keepdim=True))
        shrink = (maximum - larger).exp()
        exponentials = (scores - larger).exp()
        total = total * shrink + exponentials.sum(-1, keepdim=True)
        output = output * shrink + exponentials @ values
        maximum = larger
    return output / total
