"""How far back does the last output feel? A gradient's path through an RNN, an LSTM, attention.

In a recurrent network the gradient of the last output walks back through every state in between
and is multiplied at every step; in self-attention it reaches each input in one step. Your own
`rnn`, `lstm_step` and `self_attention` make the outputs here; you measure what comes back.

For every function: a result has the dtype and device of what it is made from (float16, too), right
to eight digits in float64; no argument is changed; nothing is kept between calls; sizes go from 1
to hundreds; tensors need not be contiguous; zeros are numbers like any other; large ones must not
overflow on the way; and autograd reaches every input.

Test your work with `pytest test_gradient_paths.py`.
"""

from __future__ import annotations

import torch
from gates import lstm_step
from rnn import rnn
from self_attention import self_attention


def gradient_by_distance(
    kind: str, x: torch.Tensor, params: dict[str, torch.Tensor]
) -> torch.Tensor:
    """How much the last output feels each input: ‖∂ y[:, -1].sum() / ∂ x[:, t]‖₂ for every t.

    kind: which layer makes the outputs y, (N, T, H) or (N, T, d_v), from x:
        "rnn": y are the states of `rnn`, params w_xh (D, H), w_hh (H, H), b (H,);
        "lstm": y are the states h of `lstm_step`, not the cells c, params w_x (D, 4H),
        w_h (H, 4H), b (4H,);
        "attention": y is the output of `self_attention`, params w_q, w_k (D, d_k), w_v (D, d_v).
    x: (N, T, D). States and cells are zero before the first word.
    Returns (T,): entry t is one norm over the batch and the width; the last entry is at distance 0.
    It does not have to carry a gradient itself.
    Source: Hochreiter et al. 2001, "Gradient flow in recurrent nets"; Vaswani et al. 2017, table 1.
    """
    raise NotImplementedError  # replace this line with your code
