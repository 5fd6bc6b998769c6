"""What a GPU would refuse in the unit `streaming_attention`: see `attention`."""

import math

import torch


def streaming_attention__running_sums(q, k, v, block_size):
    """-> torch.zeros(*q.shape[:-1], 1"""
    maximum = q.new_full((*q.shape[:-1], 1), -math.inf)
    total = torch.zeros(*q.shape[:-1], 1, dtype=q.dtype)
    output = q.new_zeros(*q.shape[:-1], v.shape[-1])
    for keys, values in zip(k.split(block_size, -2), v.split(block_size, -2)):
        scores = q @ keys.mT / math.sqrt(q.shape[-1])
        larger = torch.maximum(maximum, scores.amax(-1, keepdim=True))
        shrink, exponentials = (maximum - larger).exp(), (scores - larger).exp()
        total = total * shrink + exponentials.sum(-1, keepdim=True)
        output = output * shrink + exponentials @ values
        maximum = larger
    return output / total


def streaming_attention__the_output(q, k, v, block_size):
    """-> torch.zeros(*q.shape[:-1], v.shape[-1]"""
    maximum = q.new_full((*q.shape[:-1], 1), -math.inf)
    total = q.new_zeros(*q.shape[:-1], 1)
    output = torch.zeros(*q.shape[:-1], v.shape[-1], dtype=q.dtype)
    for keys, values in zip(k.split(block_size, -2), v.split(block_size, -2)):
        scores = q @ keys.mT / math.sqrt(q.shape[-1])
        larger = torch.maximum(maximum, scores.amax(-1, keepdim=True))
        shrink, exponentials = (maximum - larger).exp(), (scores - larger).exp()
        total = total * shrink + exponentials.sum(-1, keepdim=True)
        output = output * shrink + exponentials @ values
        maximum = larger
    return output / total


def streaming_attention__keys_by_a_cpu_index(q, k, v, block_size):
    """-> torch.arange(start"""
    m, total, output = -math.inf, 0, 0
    for start in range(0, k.shape[-2], block_size):
        block = torch.arange(start, min(start + block_size, k.shape[-2]))
        keys, values = k.index_select(-2, block), v.index_select(-2, block)
        scores = q @ keys.mT / math.sqrt(q.shape[-1])
        larger = scores.amax(-1, keepdim=True).clamp_min(m if m == -math.inf else -math.inf)
        total = total + (scores).exp().sum(-1, keepdim=True)
        output = output + scores.exp() @ values
    return output / total
