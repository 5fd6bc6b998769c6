"""PyTorch's own layers, in the form of this course's: the truth for what is built on earlier units.

A student's functions can stand in their place, so that a failure can be told from one that they
hand on: see `through`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from autograder.testing.student import Function

Tensors = Sequence[torch.Tensor]


def rnn64(
    x: torch.Tensor, h: torch.Tensor, w_xh: torch.Tensor, w_hh: torch.Tensor, b: torch.Tensor
) -> torch.Tensor:
    """torch's RNN, which wants its weights transposed and two biases."""
    parameters = (w_xh.T, w_hh.T, b, torch.zeros_like(b))
    return torch.rnn_tanh(x, h[None], parameters, True, 1, 0.0, False, False, True)[0]


def lstm64(x: torch.Tensor, w_x: torch.Tensor, w_h: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """torch's LSTM over a whole sentence, from zeros."""
    zeros = x.new_zeros(1, len(x), len(w_h))
    parameters = (w_x.T, w_h.T, b, torch.zeros_like(b))
    return torch.lstm(x, (zeros, zeros), parameters, True, 1, 0.0, False, False, True)[0]


def lstm_step64(
    x: torch.Tensor,
    h: torch.Tensor,
    c: torch.Tensor,
    w_x: torch.Tensor,
    w_h: torch.Tensor,
    b: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor]:
    """torch's LSTMCell."""
    return torch.lstm_cell(x, (h, c), w_x.T, w_h.T, b, torch.zeros_like(b))


def conv64(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """torch's convolution, which wants the time last."""
    return F.conv1d(x.mT, w.permute(2, 1, 0), b, padding=len(w) // 2).mT


def self_attention64(
    x: torch.Tensor, w_q: torch.Tensor, w_k: torch.Tensor, w_v: torch.Tensor
) -> torch.Tensor:
    """torch's own attention over three projections."""
    return F.scaled_dot_product_attention(x @ w_q, x @ w_k, x @ w_v)


def through(
    function: Function, given: Callable[[Tensors], Sequence[Any]] = list
) -> Callable[..., Any]:
    """A student's function as a step of a computation of ours, with the gradients that it gives.

    given: the function's arguments, from the tensors that the step is called with; the floating
    ones among them in the same order. The step raises what the function raises.
    """

    def step(*tensors: torch.Tensor) -> Any:
        return _Step.apply(function, given, *tensors)

    return step


class _Step(torch.autograd.Function):
    """One call of a student's function, forwards and back."""

    @staticmethod
    def forward(ctx: Any, function: Function, given: Any, *tensors: torch.Tensor) -> Any:
        """See torch.autograd.Function."""
        ctx.call = function, given
        ctx.save_for_backward(*tensors)
        value = function(*given([tensor.detach() for tensor in tensors]))
        return tuple(value) if isinstance(value, (list, tuple)) else value

    @staticmethod
    def backward(ctx: Any, *cotangents: torch.Tensor) -> Any:
        """See torch.autograd.Function."""
        function, given = ctx.call
        tensors = [tensor.detach().clone() for tensor in ctx.saved_tensors]
        found = function.vjp(given(tensors), cotangents).gradients
        pairs = zip(found, tensors, strict=True)
        return None, None, *(torch.zeros_like(t) if g is None else g for g, t in pairs)
