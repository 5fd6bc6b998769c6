"""One query after the other, with a softmax over all keys."""

import math

import torch


def streaming_attention(q, k, v, block_size):
    """The block size is not looked at."""
    rows = [torch.softmax(row[..., None, :] @ k.mT / math.sqrt(q.shape[-1]), -1) @ v for row in q.unbind(-2)]
    return torch.cat(rows, -2)
