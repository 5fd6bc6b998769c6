"""Cross-attention: the decoder looks back at every state of the encoder, at every word it writes.

The query comes from the decoder, keys and values from the encoder. Where a fixed context squeezes
a sentence into H numbers, the context is now made anew at each step, from wherever the word needed
stands; the weights show which word was looked at. Built on your `gates`, `attention`, `seq2seq`.

For every function: a result has the dtype and device of what it is made from (float16, too), right
to eight digits in float64; no argument is changed; nothing is kept between calls; sizes go from 1
to hundreds; tensors need not be contiguous; zeros are numbers like any other; large ones must not
overflow on the way; and autograd reaches every input.

Test your work with `pytest test_cross_attention.py`.
"""

from __future__ import annotations

import torch
from attention import attention
from gates import gru_step
from seq2seq import encode


def attend(
    state: torch.Tensor, encoder_states: torch.Tensor, mask: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Look at a sentence's encoder states with one decoder state a sentence as the query.

    state: (N, H). encoder_states: (N, T, H), keys and values both.
    mask: (N, T) boolean, True = may attend. None hides nothing.
    Returns (context, weights): (N, H) and (N, T). The weights are the softmax over the T words of
    the dot products over √H; a hidden word weighs exactly 0, in every dtype, and where all are
    hidden, weights and context are zeros. The context is the weighted sum of the encoder states.
    Source: Luong et al. 2015, "Effective Approaches to Attention-based Neural Machine Translation",
    section 3.1 (dot); Vaswani et al. 2017, section 3.2.3 (encoder-decoder attention).
    """
    raise NotImplementedError  # replace this line with your code


def decode_with_attention(
    tokens: torch.Tensor,
    lengths: torch.Tensor,
    params: dict[str, torch.Tensor],
    start: int,
    end: int,
    max_length: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Encode the source sentences and write each target greedily, looking back at every step.

    As `seq2seq.decode`, but the context is made anew at each step: `attend` with the state before
    the step as the query, and with padding hidden. The state starts as the encoder's last state.

    tokens: (N, T) ids, lengths: (N,), params: as in the unit `seq2seq`.
    start, end: ids of the target vocabulary. max_length: at least 1.
    Returns (ids, alignment): (N, L) int64, as `seq2seq.decode` returns them; and (N, L, T), the
    attention weights that each word was written with, exactly 0 at padding (whatever after `end`).
    Neither has to carry a gradient.
    Source: Bahdanau et al. 2015, "Neural Machine Translation by Jointly Learning to Align and
    Translate", section 3, with the dot product of Luong et al. 2015 as the score.
    """
    raise NotImplementedError  # replace this line with your code
