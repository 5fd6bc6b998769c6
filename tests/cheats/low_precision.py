"""Parallel, but only as exact as half of the digits allow."""

import torch


def attention(q, k, v, mask=None):
    q, k, v = q.bfloat16(), k.bfloat16(), v.bfloat16()
    weights = torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, dim=-1)
    return (weights @ v).float(), weights.float()
