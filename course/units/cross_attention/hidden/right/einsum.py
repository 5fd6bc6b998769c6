"""einsum throughout, log-sum-exp, and rows of zeros after `end`."""

import torch
from gates import gru_step
from seq2seq import encode


def attend(state, encoder_states, mask=None):
    scores = torch.einsum("nh,nth->nt", state, encoder_states) / state.shape[-1] ** 0.5
    if mask is not None:
        some = mask.any(-1, keepdim=True)
        scores = scores.masked_fill(~(mask | ~some), float("-inf"))
    weights = (scores - scores.logsumexp(-1, keepdim=True)).exp()
    if mask is not None:
        weights = weights.where(mask, weights.new_zeros(()))
    return torch.einsum("nt,nth->nh", weights, encoder_states), weights


def decode_with_attention(tokens, lengths, params, start, end, max_length):
    states, h = encode(tokens, lengths, params)
    mask = torch.ones_like(tokens).cumsum(1) <= lengths[:, None]
    states = states.masked_fill(~mask[..., None], 0)
    words = [torch.full_like(lengths, start)]
    rows, over = [], torch.zeros_like(lengths, dtype=torch.bool)
    for _ in range(max_length):
        if over.all():
            break
        context, row = attend(h, states, mask)
        x = torch.cat((params["dec_embed"][words[-1]], context), dim=1)
        h = gru_step(x, h, *map(params.get, ("dec_w_x", "dec_w_h", "dec_b_x", "dec_b_h")))
        logits = torch.einsum("nh,hv->nv", h, params["out_w"]) + params["out_b"]
        word = logits.max(dim=1)[1]
        words.append(word * ~over + end * over)
        rows.append(row * ~over[:, None])
        over = over | (words[-1] == end)
    return torch.stack(words[1:], 1), torch.stack(rows, 1)
