"""What the tests are thought to look at."""

import torch
from gates import gru_step


def encode(tokens, lengths, params):
    """Id 0 is taken for padding."""
    weights = [params[f"enc_{n}"] for n in ("w_x", "w_h", "b_x", "b_h")]
    words, states = params["enc_embed"][tokens], []
    state = words.new_zeros(len(tokens), len(weights[1]))
    for t in range(tokens.shape[1]):
        new = gru_step(words[:, t], state, *weights)
        state = torch.where((tokens[:, t] == 0)[:, None], state, new)
        states.append(state)
    return torch.stack(states, 1), state


def decode(context, params, start, end, max_length):
    """The first sentence decides when all have ended."""
    weights = [params[f"dec_{n}"] for n in ("w_x", "w_h", "b_x", "b_h")]
    state, token, ids = context, torch.full((len(context),), start), []
    while len(ids) < max_length and not (ids and (token[0] == end)):
        x = torch.cat([params["dec_embed"][token], context], 1)
        state = gru_step(x, state, *weights)
        token = (state @ params["out_w"] + params["out_b"]).argmax(1)
        ids.append(token)
    return torch.stack(ids, 1)
