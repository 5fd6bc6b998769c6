"""A recurrent network reads one word at a time and keeps what it has read in a hidden state."""

import torch


def rnn_step(
  x: torch.Tensor, h: torch.Tensor, w_xh: torch.Tensor, w_hh: torch.Tensor, b: torch.Tensor
) -> torch.Tensor:
  """Return the next hidden state, tanh(x·w_xh + h·w_hh + b)."""
  pre = torch.baddbmm((h @ w_hh + b)[:, None], x[:, None], w_xh.expand(len(x), -1, -1))
  return pre.squeeze(1).tanh()


def rnn(
  x: torch.Tensor, h: torch.Tensor, w_xh: torch.Tensor, w_hh: torch.Tensor, b: torch.Tensor
) -> torch.Tensor:
  """Return every hidden state of a sequence."""
  states = []
  for x_t in x.transpose(0, 1):
    h = rnn_step(x_t, h, w_xh, w_hh, b)
    states += [h]
  return torch.stack(states).transpose(0, 1)
