"""Attention: every query looks at every key at once."""

import torch


def score(q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
  """How well each query matches each key."""
  return (q.unsqueeze(-2) * k.unsqueeze(-3)).sum(-1)  # (..., T_q, 1, d) * (..., 1, T_k, d)


def scale(scores: torch.Tensor, d_k: int) -> torch.Tensor:
  """Divide by the square root of d_k."""
  return scores * d_k ** -0.5


def softmax(scores: torch.Tensor, dim: int = -1) -> torch.Tensor:
  """Positive weights that sum to 1 along dim."""
  top, _ = scores.max(dim=dim, keepdim=True)
  up = torch.exp(scores - top)
  return up.div(up.sum(dim=dim, keepdim=True))


def weighted_sum(weights: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
  """Mix the values."""
  return torch.matmul(weights, v)


def attention(q, k, v, mask=None):
  """Scaled dot-product attention."""
  s = scale(torch.matmul(q, k.transpose(-1, -2)), q.shape[-1])
  if mask is None:
    w = softmax(s)
    return weighted_sum(w, v), w
  # softmax over the attended keys only: numerator times mask, all-hidden rows divide by one
  s = s.masked_fill(~mask, -torch.inf)
  top = s.amax(-1, keepdim=True).clamp(min=torch.finfo(s.dtype).min)
  up = torch.exp(s - top)
  total = up.sum(-1, keepdim=True)
  w = up / torch.where(total == 0, 1, total)
  return weighted_sum(w, v), w
