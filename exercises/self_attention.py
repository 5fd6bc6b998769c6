"""Self-attention: queries, keys and values all come from the same sentence.

Each word asks (query), offers (key) and gives (value) through three projections of its own, so
every word sees every other in one step. A causal mask hides the future; several heads look at the
sentence in several ways at once. Your `attention` from the unit before does the main work.

For every function: a result has the dtype and device of what it is made from (float16, too), right
to eight digits in float64; no argument is changed; nothing is kept between calls; sizes go from 1
to hundreds; tensors need not be contiguous; zeros are numbers like any other; large ones must not
overflow on the way; and autograd reaches every input.

Test your work with `pytest test_self_attention.py`.
"""

from __future__ import annotations

import torch
from attention import attention


def project(
    x: torch.Tensor, w_q: torch.Tensor, w_k: torch.Tensor, w_v: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Queries, keys and values of every position: three linear projections without a bias.

    x: (N, T, D). w_q, w_k: (D, d_k). w_v: (D, d_v).
    Returns (q, k, v): (N, T, d_k), (N, T, d_k), (N, T, d_v).
    Raises RuntimeError (torch's own) if a matrix does not have D rows.
    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.2.2.
    """
    raise NotImplementedError  # replace this line with your code


def causal_mask(length: int, device: torch.device | str | None = None) -> torch.Tensor:
    """The mask that hides the future: position i may attend to positions 0 to i, itself included.

    length: T, at least 1. device: where the mask lies; None is torch's default.
    Returns (T, T) bool, entry [i, j] is True where query i may attend to key j.
    Source: Vaswani et al. 2017, section 3.2.3.
    """
    raise NotImplementedError  # replace this line with your code


def self_attention(
    x: torch.Tensor,
    w_q: torch.Tensor,
    w_k: torch.Tensor,
    w_v: torch.Tensor,
    causal: bool = False,
) -> torch.Tensor:
    """Scaled dot-product attention of a sequence over itself.

    x: (N, T, D). w_q, w_k: (D, d_k). w_v: (D, d_v).
    causal: whether a position may attend only to itself and to those before it; those after it
        weigh exactly 0, in every dtype.
    Returns the output, (N, T, d_v). Loop over neither N nor T: that costs points.
    Source: Vaswani et al. 2017, section 3.2.3.
    """
    raise NotImplementedError  # replace this line with your code


def multi_head_self_attention(
    x: torch.Tensor,
    w_q: torch.Tensor,
    w_k: torch.Tensor,
    w_v: torch.Tensor,
    w_o: torch.Tensor,
    heads: int,
    causal: bool = False,
) -> torch.Tensor:
    """Several heads attend side by side; their outputs are joined and mixed by w_o.

    x: (N, T, D). w_q, w_k: (D, heads·d_k). w_v: (D, heads·d_v). w_o: (heads·d_v, D_out).
    heads: how many; head h owns the columns h·d to (h+1)·d of a projection, one contiguous block,
        and its scores are divided by √d_k, the square root of its own width.
    causal: as in self_attention.
    Returns (N, T, D_out). Loop over none of N, T and the heads; one over N or heads costs points.
    Raises RuntimeError (torch's own) if the widths cannot be cut into `heads` equal blocks.
    Source: Vaswani et al. 2017, section 3.2.2.
    """
    raise NotImplementedError  # replace this line with your code
