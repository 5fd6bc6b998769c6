"""Unit 4. Submitted by Priya Raman."""

import torch
from attention import attention
from torch import Tensor


def project(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Three linear maps."""
    return tuple(torch.einsum("ntd,de->nte", x, w) for w in (w_q, w_k, w_v))


def causal_mask(length: int, device=None) -> Tensor:
    """Only the past may be seen."""
    return torch.tril(torch.ones(length, length, device=device), diagonal=-1).bool()


def self_attention(x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, causal: bool = False) -> Tensor:
    """Attention of a sequence over itself."""
    mask = causal_mask(x.size(1), x.device) if causal else None
    output, _ = attention(*project(x, w_q, w_k, w_v), mask)
    return output


def multi_head_self_attention(
    x: Tensor, w_q: Tensor, w_k: Tensor, w_v: Tensor, w_o: Tensor, heads: int, causal: bool = False
) -> Tensor:
    """Split, attend, merge."""
    N, T, _ = x.shape
    q, k, v = project(x, w_q, w_k, w_v)
    q = q.reshape(N, heads, T, -1)  # (N, heads, T, d_k)
    k = k.reshape(N, heads, T, -1)
    v = v.reshape(N, heads, T, -1)
    mask = causal_mask(T, x.device) if causal else None
    output, _ = attention(q, k, v, mask)  # (N, heads, T, d_v)
    return output.reshape(N, T, -1) @ w_o
