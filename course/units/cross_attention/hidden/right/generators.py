"""A generator writes words; the attention of an earlier unit, with a query of two axes."""

from itertools import islice

import torch
from attention import attention
from gates import gru_step
from seq2seq import encode


def attend(state, encoder_states, mask=None):
    """Each query sees every sentence's words; what is its own is on the diagonal."""
    pairs = state.shape[0], encoder_states.shape[0]
    everyone = encoder_states.unsqueeze(0).expand(*pairs[:1], -1, -1, -1)  # (N, N, T, H)
    query = state[:, None, None].expand(-1, pairs[1], -1, -1)
    hidden = None if mask is None else mask[None, :, None, :]
    contexts, weights = attention(query, everyone, everyone, mask=hidden)
    own = torch.arange(len(state), device=state.device)
    return contexts[own, own, 0], weights[own, own, 0]


def writing(tokens, lengths, params, start, end):
    states, h = encode(tokens=tokens, lengths=lengths, params=params)
    mask = torch.ones_like(tokens, dtype=torch.int64).cumsum(1).le(lengths.unsqueeze(1))
    token, alive = lengths * 0 + start, lengths > 0
    while bool(alive.any()):
        context, row = attend(h, states, mask=mask)
        x = torch.cat((params["dec_embed"].index_select(0, token), context), dim=1)
        h = gru_step(
            x=x,
            h=h,
            w_x=params["dec_w_x"],
            w_h=params["dec_w_h"],
            b_x=params["dec_b_x"],
            b_h=params["dec_b_h"],
        )
        best = torch.addmm(params["out_b"], h, params["out_w"]).sort(1, descending=True)[1][:, 0]
        token = torch.where(alive, best, torch.as_tensor(end, device=best.device))
        alive = alive & token.ne(end)
        yield token, row


def decode_with_attention(tokens, lengths, params, start, end, max_length):
    written = islice(writing(tokens, lengths, params, start, end), max_length)
    ids, rows = (torch.stack(part, dim=1) for part in zip(*written))
    return ids, rows
