"""Translation with a fixed context: the whole sentence is squeezed into one hidden state.

An encoder reads the source and hands on its last state, the context; a decoder writes the target
from that alone. However long the sentence, the context is H numbers: this is the strong
compression that attention does away with. Your `gru_step` from the unit `gates` is both networks.

For every function: a result has the dtype and device of what it is made from (float16, too), right
to eight digits in float64; no argument is changed; nothing is kept between calls; sizes go from 1
to hundreds; tensors need not be contiguous; zeros are numbers like any other; large ones must not
overflow on the way; and autograd reaches every input.

Test your work with `pytest test_seq2seq.py`.
"""

from __future__ import annotations

import torch
from gates import gru_step


def encode(
    tokens: torch.Tensor, lengths: torch.Tensor, params: dict[str, torch.Tensor]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Read every source sentence word by word with a GRU that starts from a state of zeros.

    tokens: (N, T) ids of the source vocabulary; what stands after a sentence's end is padding and
        may be any id. lengths: (N,) how many ids of each sentence are its own, 1 to T.
    params: `enc_embed` (V_src, E), `enc_w_x` (E, 3H), `enc_w_h` (H, 3H), `enc_b_x` and `enc_b_h`
        (3H,), packed as for `gru_step`; other keys are not used here.
    Returns (states, context): (N, T, H), one state a word, whatever at padding; and (N, H), each
    sentence's state after its own last word. Padding never changes a result.
    Source: Cho et al. 2014, "Learning Phrase Representations using RNN Encoder-Decoder",
    section 2.2.
    """
    raise NotImplementedError  # replace this line with your code


def decode(
    context: torch.Tensor,
    params: dict[str, torch.Tensor],
    start: int,
    end: int,
    max_length: int,
) -> torch.Tensor:
    """Write each target sentence greedily, word by word, from its context alone.

    The state starts as the context. At every step the GRU's input is the embedding of the word
    written last (`start` at first) followed by the context; logits are state · out_w + out_b after
    the step, and the word written is the likeliest.

    context: (N, H). start, end: ids of the target vocabulary. max_length: at least 1.
    params: `dec_embed` (V_tgt, E), `dec_w_x` (E+H, 3H), `dec_w_h` (H, 3H), `dec_b_x` and `dec_b_h`
        (3H,), `out_w` (H, V_tgt), `out_b` (V_tgt,); other keys are not used here.
    Returns (N, L) int64, every id after `start`, `end` included. Decoding stops when all sentences
    have ended, or after max_length words; one that ended before the others is filled with `end`.
    Source: Cho et al. 2014, section 2.2; Sutskever et al. 2014, section 3.
    """
    raise NotImplementedError  # replace this line with your code
