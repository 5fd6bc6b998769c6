from __future__ import annotations

import math

import torch

def streaming_attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, block_size: int
) -> torch.Tensor:
    """Scaled dot-product attention, one block of keys and values at a time.

    q: (..., T_q, d_k). k: (..., T_k, d_k). v: (..., T_k, d_v), all with the same leading axes.
    block_size: how many keys a block has, at least 1; it need not divide T_k and may exceed it.
    Returns softmax(q·kᵀ/√d_k)·v, (..., T_q, d_v), the same for every block size. No tensor has
    (T_q, T_k) numbers: beside the result, memory grows with T_q·block_size.
    Source: Milakov and Gimelshein 2018, "Online normalizer calculation for softmax"; Dao et al.
    2022, "FlashAttention", section 3.1.
    """
    ### BEGIN SOLUTION
    # Of the blocks so far, a query's largest score, and the sums that belong to that score.
    maximum = q.new_full((*q.shape[:-1], 1), -math.inf)  # (..., T_q, 1)
    total = q.new_zeros(*q.shape[:-1], 1)  # (..., T_q, 1)
    output = q.new_zeros(*q.shape[:-1], v.shape[-1])  # (..., T_q, d_v)
    for keys, values in zip(k.split(block_size, -2), v.split(block_size, -2), strict=True):
        scores = q @ keys.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (..., T_q, block)
        larger = torch.maximum(maximum, scores.amax(-1, keepdim=True)).detach()  # (..., T_q, 1)
        # What was summed under the old maximum is brought under the new one; at first, times 0.
        shrink = (maximum - larger).exp()  # (..., T_q, 1)
        exponentials = (scores - larger).exp()  # (..., T_q, block)
        total = total * shrink + exponentials.sum(-1, keepdim=True)
        output = output * shrink + exponentials @ values  # (..., T_q, block) @ (..., block, d_v)
        maximum = larger
    return output / total  # (..., T_q, d_v)
