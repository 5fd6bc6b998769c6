"""What a GPU would refuse in the unit `cross_attention`, and what it would not: see `attention`."""

import torch
from attention import attention
from gates import gru_step
from seq2seq import encode


def attend__a_mask_for_everyone(state, encoder_states, mask=None):
    """-> torch.ones(encoder_states.shape[:2]"""
    seen = torch.ones(encoder_states.shape[:2], dtype=torch.bool)
    seen = seen if mask is None else mask
    scores = (encoder_states @ state[..., None])[..., 0] / state.shape[1] ** 0.5
    weights = torch.softmax(torch.where(seen, scores, torch.finfo(scores.dtype).min), -1)
    return (weights[:, None] @ encoder_states)[:, 0], weights


def attend__zeros_for_hidden_rows(state, encoder_states, mask=None):
    """-> torch.zeros(len(state), encoder_states.shape[1]"""
    context, weights = attention(
        state[:, None], encoder_states, encoder_states, None if mask is None else mask[:, None]
    )
    nothing = torch.zeros(len(state), encoder_states.shape[1], dtype=state.dtype)
    weights = torch.maximum(weights[:, 0], nothing)
    return context[:, 0], weights


def decode_with_attention__positions(tokens, lengths, params, start, end, max_length):
    """-> torch.arange(tokens.shape[1])"""
    weights = [params[f"dec_{name}"] for name in ("w_x", "w_h", "b_x", "b_h")]
    states, state = encode(tokens, lengths, params)
    places = torch.arange(tokens.shape[1])
    mask = places < lengths[:, None]
    token, ended, ids, rows = torch.full_like(lengths, start), torch.zeros_like(lengths) > 0, [], []
    while len(ids) < max_length and not ended.all():
        context, row = attend(state, states, mask)
        state = gru_step(torch.cat([params["dec_embed"][token], context], -1), state, *weights)
        token = (state @ params["out_w"] + params["out_b"]).argmax(-1).masked_fill(ended, end)
        ended = token == end
        ids.append(token)
        rows.append(row)
    return torch.stack(ids, 1), torch.stack(rows, 1)


def decode_with_attention__a_mask_row_by_row(tokens, lengths, params, start, end, max_length):
    """-> torch.zeros(tokens.shape, dtype=torch.bool)"""
    weights = [params[f"dec_{name}"] for name in ("w_x", "w_h", "b_x", "b_h")]
    states, state = encode(tokens, lengths, params)
    mask = torch.zeros(tokens.shape, dtype=torch.bool)
    for n, length in enumerate(lengths):
        mask[n, :length] = True
    token, ended, ids, rows = torch.full_like(lengths, start), torch.zeros_like(lengths) > 0, [], []
    while len(ids) < max_length and not ended.all():
        context, row = attend(state, states, mask)
        state = gru_step(torch.cat([params["dec_embed"][token], context], -1), state, *weights)
        token = (state @ params["out_w"] + params["out_b"]).argmax(-1).masked_fill(ended, end)
        ended = token == end
        ids.append(token)
        rows.append(row)
    return torch.stack(ids, 1), torch.stack(rows, 1)
