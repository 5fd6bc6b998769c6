import math

import torch


def streaming_attention(q, k, v, block_size):
    T_k = k.shape[-2]
    d_k = q.shape[-1]
    running_max = None
    for start in range(0, T_k, block_size):
        end = min(start + block_size, T_k)
        k_block = k[..., start:end, :]
        v_block = v[..., start:end, :]
        scores = torch.matmul(q, k_block.transpose(-1, -2)) / math.sqrt(d_k)
        block_max = scores.max(dim=-1, keepdim=True).values
        if running_max is None:
            running_max = block_max
            p = torch.exp(scores - running_max)
            denominator = p.sum(dim=-1, keepdim=True)
            numerator = torch.matmul(p, v_block)
        else:
            new_max = torch.maximum(running_max, block_max)
            correction = torch.exp(running_max - new_max)
            p = torch.exp(scores - new_max)
            denominator = denominator * correction + p.sum(dim=-1, keepdim=True)
            numerator = numerator * correction + torch.matmul(p, v_block)
            running_max = new_max
    return numerator / denominator
