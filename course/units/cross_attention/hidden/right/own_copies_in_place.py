"""Buffers filled in place; sentences that have ended leave the batch; masks kept by length."""

from functools import lru_cache

import torch
from attention import score, softmax
from gates import gru_step
from seq2seq import encode


@lru_cache(maxsize=None)
def places(length, device):
    return torch.arange(length, device=device)


def attend(state, encoder_states, mask=None):
    scores = score(state[:, None], encoder_states)[:, 0].clone()
    scores /= state.shape[1] ** 0.5
    weights = torch.zeros_like(scores)
    for sentence in range(len(state)):
        if mask is None:
            weights[sentence] = softmax(scores[sentence])
        elif mask[sentence].any():
            seen = mask[sentence]
            weights[sentence, seen] = softmax(scores[sentence, seen])
    return (weights[:, None] @ encoder_states)[:, 0], weights


def decode_with_attention(tokens, lengths, params, start, end, max_length):
    states, h = encode(tokens, lengths, params)
    h = h.clone()
    n, longest = tokens.shape
    ids = torch.zeros(n, max_length, dtype=torch.int64, device=tokens.device).fill_(end)
    alignment = states.new_zeros(n, max_length, longest)
    word = torch.zeros_like(lengths)
    word += start
    active = torch.arange(n, device=tokens.device)
    for step in range(max_length):
        mask = places(longest, tokens.device) < lengths[active, None]
        context, row = attend(h[active], states[active], mask)
        x = torch.cat([params["dec_embed"][word[active]], context], 1)
        h[active] = gru_step(x, h[active], *(params[f"dec_{k}"] for k in ("w_x", "w_h", "b_x", "b_h")))
        word[active] = (h[active] @ params["out_w"] + params["out_b"]).argmax(1)
        ids[active, step], alignment[active, step] = word[active], row
        active = active[word[active] != end]
        if active.numel() == 0:
            return ids[:, : step + 1], alignment[:, : step + 1]
    return ids, alignment
