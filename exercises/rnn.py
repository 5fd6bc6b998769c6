"""A recurrent network reads one word at a time and keeps what it has read in a hidden state.

Write one step, then the walk over a whole sequence. Each state needs the one before it, so the
steps of a sentence wait for one another: this is what attention later does away with. The
sentences of a batch do not wait: take all of them at once.

For every function: a result has the dtype and device of what it is made from (float16, too), right
to eight digits in float64; no argument is changed; nothing is kept between calls; sizes go from 1
to hundreds; tensors need not be contiguous; zeros are numbers like any other; large ones must not
overflow on the way; and autograd reaches every input.

Test with `pytest test_rnn.py`.
"""

import torch


def rnn_step(
    x: torch.Tensor,
    h: torch.Tensor,
    w_xh: torch.Tensor,
    w_hh: torch.Tensor,
    b: torch.Tensor,
) -> torch.Tensor:
    """Return the next hidden state, tanh(x·w_xh + h·w_hh + b), however large the sum.

    x: (N, D), one word of each sentence.
    h: (N, H), the state before that word; it stays as it is.
    w_xh: (D, H). w_hh: (H, H). b: (H,).
    Returns (N, H), of the dtype and on the device of x.
    Source: Elman 1990; Goodfellow et al. 2016, eq. 10.8 and 10.9.
    """
    raise NotImplementedError  # replace this line with your code


def rnn(
    x: torch.Tensor,
    h: torch.Tensor,
    w_xh: torch.Tensor,
    w_hh: torch.Tensor,
    b: torch.Tensor,
) -> torch.Tensor:
    """Return every hidden state of a sequence: state t is `rnn_step` of x[:, t] and state t-1.

    x: (N, T, D), T ≥ 1.
    h: (N, H), the state before the first word; it stays as it is and is not among the results.
    w_xh: (D, H). w_hh: (H, H). b: (H,).
    Returns (N, T, H), of the dtype and on the device of x.
    Loop over time: there is no other way. A loop over N or over the H units costs points.
    Source: Elman 1990.
    """
    raise NotImplementedError  # replace this line with your code
