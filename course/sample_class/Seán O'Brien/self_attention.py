"""Self-attention: queries, keys and values all come from the same sentence."""

import torch

from attention import attention


def project(x, w_q, w_k, w_v):
  """Queries, keys and values of every position."""
  n, t, d = x.shape
  flat = x.reshape(n * t, d)
  return tuple((flat @ w).reshape(n, t, w.shape[1]) for w in [w_q, w_k, w_v])


def causal_mask(length, device=None):
  """The mask that hides the future."""
  return ~torch.ones(length, length, dtype=torch.bool, device=device).triu(1)


def self_attention(x, w_q, w_k, w_v, causal=False):
  """Attention of a sequence over itself."""
  mask = causal_mask(x.shape[1], device=x.device) if causal else None
  return attention(*project(x, w_q, w_k, w_v), mask=mask)[0]


def multi_head_self_attention(x, w_q, w_k, w_v, w_o, heads, causal=False):
  """Several heads side by side."""
  mask = causal_mask(x.shape[1], device=x.device) if causal else None
  q, k, v = [y.unflatten(2, (heads, -1)).movedim(2, 1) for y in project(x, w_q, w_k, w_v)]
  out, _ = attention(q, k, v, mask)
  return out.movedim(1, 2).flatten(2) @ w_o
