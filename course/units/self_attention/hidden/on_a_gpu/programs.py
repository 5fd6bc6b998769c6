"""What a GPU would refuse in the unit `self_attention`, and what it would not: see `attention`."""

import numpy as np
import torch
from attention import attention


def causal_mask__without_the_device(length, device=None):
    """-> torch.ones(length, length, dtype=torch.bool)"""
    return torch.ones(length, length, dtype=torch.bool).tril()


def causal_mask__positions(length, device=None):
    """-> torch.arange(length)"""
    t = torch.arange(length)
    return t[None, :] <= t[:, None]


def causal_mask__numpy(length, device=None):
    """-> np.tril("""
    return torch.from_numpy(np.tril(np.ones((length, length), dtype=bool)))


def self_attention__the_caller_forgets(x, w_q, w_k, w_v, causal=False):
    """-> torch.ones(length, length"""
    mask = causal_mask(x.shape[1]) if causal else None
    return attention(*project(x, w_q, w_k, w_v), mask)[0]


def self_attention__a_mask_for_the_caller(x, w_q, w_k, w_v, causal=False):
    """-> torch.triu(torch.ones("""
    q, k, v = project(x, w_q, w_k, w_v)
    scores = q @ k.mT / q.shape[-1] ** 0.5
    if causal:
        future = torch.triu(torch.ones(x.shape[1], x.shape[1]), 1).bool()
        scores = scores.masked_fill(future, float("-inf"))
    return torch.softmax(scores, -1) @ v


def self_attention__an_index_on_the_cpu(x, w_q, w_k, w_v, causal=False):
    """CUDA takes an index that is on the CPU. ->"""
    mask = causal_mask(x.shape[1], x.device) if causal else None
    words = torch.arange(x.shape[1])
    return attention(*project(x, w_q, w_k, w_v), mask)[0][:, words]


def project__a_layer_of_torch(x, w_q, w_k, w_v):
    """-> layer(x)"""
    layer = torch.nn.Linear(*w_q.shape, bias=False, dtype=w_q.dtype)
    with torch.no_grad():
        layer.weight.copy_(w_q.T)
    return layer(x), x @ w_k, x @ w_v


def project__buffers(x, w_q, w_k, w_v):
    """-> torch.empty(*x.shape[:-1]"""
    out = torch.empty(*x.shape[:-1], w_q.shape[1], dtype=x.dtype)
    out[...] = x @ w_q
    return out, x @ w_k, x @ w_v


def multi_head_self_attention__heads_into_a_buffer(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """-> torch.zeros(x.shape[0]"""
    joined = torch.zeros(x.shape[0], x.shape[1], w_v.shape[1], dtype=x.dtype)
    parts = [w.chunk(heads, 1) for w in (w_q, w_k, w_v)]
    for i, (q, k, v) in enumerate(zip(*parts)):
        d = v.shape[1]
        joined[..., i * d : (i + 1) * d] = self_attention(x, q, k, v, causal)
    return joined @ w_o


def multi_head_self_attention__a_default_mask(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """-> torch.tril(torch.ones("""
    split = lambda y: y.view(*y.shape[:2], heads, -1).transpose(1, 2)
    mask = torch.tril(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool)) if causal else None
    y, _ = attention(split(x @ w_q), split(x @ w_k), split(x @ w_v), mask)
    return y.transpose(1, 2).flatten(2) @ w_o
