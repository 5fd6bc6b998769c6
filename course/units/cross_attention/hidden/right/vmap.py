"""One sentence at a time in the code, all at once by torch.vmap."""

import torch
from gates import gru_step
from seq2seq import encode


def _look(state, states, mask):
    """(H,), (T, H), (T,) -> (H,), (T,)"""
    scores = states @ state / len(state) ** 0.5
    lowest = torch.finfo(scores.dtype).min
    weights = torch.where(mask, scores, lowest).softmax(0) * mask
    return weights @ states, weights


def attend(state, encoder_states, mask=None):
    if mask is None:
        mask = torch.ones(encoder_states.shape[:2], dtype=torch.bool, device=state.device)
    return torch.vmap(_look)(state, encoder_states, mask)


def decode_with_attention(tokens, lengths, params, start, end, max_length):
    states, h = encode(tokens, lengths, params)
    weights = [params["dec_" + name] for name in ("w_x", "w_h", "b_x", "b_h")]
    places = torch.arange(tokens.shape[1], device=tokens.device)

    def step(word, h, states, length):
        context, row = _look(h, states, places < length)
        x = torch.cat([params["dec_embed"][word], context])
        h = gru_step(x[None], h[None], *weights)[0]
        return (h @ params["out_w"] + params["out_b"]).argmax(), h, row

    word = torch.full_like(lengths, start)
    columns, rows = [], []
    for _ in range(max_length):  # to the end, and cut afterwards
        word, h, row = torch.vmap(step)(word, h, states, lengths)
        columns.append(word)
        rows.append(row)
    ids, alignment = torch.stack(columns, 1), torch.stack(rows, 1)
    ends = ids == end
    over = ends.cumsum(1) - ends.long() > 0
    longest = int((~over).sum(1).max())
    return ids.masked_fill(over, end)[:, :longest], alignment[:, :longest]
