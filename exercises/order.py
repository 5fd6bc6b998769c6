"""Order: what self-attention does not see, and why training is parallel and generating is not.

To self-attention a sentence is a bag of words, so each word is told its position before it goes in.
A causal language model then says at every position which word it expects next, at all of them in
one pass, since the future is hidden. To write a sentence it has to go word by word, for the next
word is not there yet. Your `self_attention` from the unit before does the main work.

For every function: a result has the dtype and device of what it is made from (float16, too), right
to eight digits in float64; no argument is changed; nothing is kept between calls; sizes go from 1
to hundreds; tensors need not be contiguous; zeros are numbers like any other; large ones must not
overflow on the way; and autograd reaches every input.

Test your work with `pytest test_order.py`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from self_attention import self_attention


def positions(length: int, width: int) -> torch.Tensor:
    """The sinusoids that say where a word stands: a row for each position, counted from 0.

    length: T, at least 1. width: D, even, at least 2.
    Returns (T, D) float64 on the CPU: in row t, sin(t / 10000^(2i/D)) at column 2i and the cosine
    of the same angle at column 2i + 1, for i from 0 to D/2 - 1.
    Raises ValueError for an odd width.
    Source: Vaswani et al. 2017, "Attention Is All You Need", section 3.5.
    """
    raise NotImplementedError  # replace this line with your code


def next_words(tokens: torch.Tensor, params: dict[str, torch.Tensor]) -> torch.Tensor:
    """Say at every position which word comes next, from the words up to there: one causal pass.

    The embedded words plus their positions (brought to the dtype and device of `embed`) go through
    causal self-attention; its output times out_w plus out_b are the logits, which stay as they are.

    tokens: (N, T) int64 ids, from 0 to V - 1.
    params: embed (V, D), D even; w_q, w_k (D, d_k); w_v (D, d_v); out_w (d_v, V); out_b (V,).
    Returns (N, T, V); [n, t] are the logits of the word after tokens[n, : t + 1], and no later word
    has a part in them. Loop over no axis: a loop over positions costs points.
    Source: Vaswani et al. 2017, sections 3.2.3 (masking), 3.4 and 3.5; one head, one layer.
    """
    raise NotImplementedError  # replace this line with your code


def mean_loss(tokens: torch.Tensor, params: dict[str, torch.Tensor]) -> torch.Tensor:
    """The mean cross-entropy (natural logarithm) of each position's logits against the next id.

    tokens: (N, T) int64 ids, T at least 2. params: as in next_words.
    Returns a tensor of shape (): the mean over all N·(T - 1) predictions that have a target. The
    last word of a sentence is a target and nothing more: what comes after it is not known.
    Source: Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training",
    equation 1, as a mean.
    """
    raise NotImplementedError  # replace this line with your code


def generate(tokens: torch.Tensor, params: dict[str, torch.Tensor], count: int) -> torch.Tensor:
    """Write on: each sentence gets the word that is likeliest next, `count` times.

    A word that was written is read like any other when the next one is chosen.

    tokens: (N, T) int64 ids, the beginnings. params: as in next_words. count: at least 1.
    Returns (N, T + count) int64: the beginnings, and behind them what was written. Where logits are
    equal the lowest id is taken.
    """
    raise NotImplementedError  # replace this line with your code
