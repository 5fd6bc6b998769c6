"""In double precision within; padding attended to as zeros after a softmax that is divided again."""

import torch
from attention import softmax
from gates import gru_step
from seq2seq import encode


def attend(state, encoder_states, mask=None):
    dtype = state.dtype
    state, encoder_states = state.double(), encoder_states.double()
    weights = softmax((encoder_states * state[:, None]).sum(2).div(state.shape[1] ** 0.5), dim=1)
    if mask is not None:
        scores = (encoder_states * state[:, None]).sum(2).div(state.shape[1] ** 0.5)
        weights = softmax(scores.masked_fill(~mask, -1e30), dim=1) * mask
    context = (weights[..., None] * encoder_states).sum(1)
    return context.to(dtype), weights.to(dtype)


def decode_with_attention(tokens, lengths, params, start, end, max_length):
    dtype = params["out_w"].dtype
    params = {name: tensor.double() for name, tensor in params.items()}
    states, h = encode(tokens, lengths, params)
    mask = torch.arange(tokens.shape[1]).to(tokens) < lengths[:, None]
    word = torch.full(tokens.shape[:1], start).to(tokens)
    ids, rows = [], []
    over = word != word
    while len(ids) < max_length:
        c, w = attend(h, states, mask)
        x = torch.cat([params["dec_embed"][word], c], -1)
        h = gru_step(
            x, h, params["dec_w_x"], params["dec_w_h"], params["dec_b_x"], params["dec_b_h"]
        )
        word = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        word = torch.where(over, torch.full_like(word, end), word)
        ids, rows = [*ids, word], [*rows, w.to(dtype)]
        over = over.logical_or(word == end)
        if over.all().item():
            break
    return torch.stack(ids, -1), torch.stack(rows, -2)
