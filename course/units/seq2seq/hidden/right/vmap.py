"""One sentence's code, mapped over the batch by torch.vmap."""

import torch
from gates import gru_step


def one_step(word, h, params, side):
    weights = [params[f"{side}_{name}"] for name in ("w_x", "w_h", "b_x", "b_h")]
    return gru_step(word.unsqueeze(0), h.unsqueeze(0), *weights).squeeze(0)


def encode(tokens, lengths, params):
    def sentence(ids, length):
        h, states = torch.zeros_like(params["enc_w_h"][:, 0]), []
        for word in params["enc_embed"][ids].unbind(0):
            h = one_step(word, h, params, "enc")
            states.append(h)
        states = torch.stack(states)
        here = torch.arange(len(ids), device=ids.device) == length - 1
        return states, here.to(states.dtype) @ states

    return torch.vmap(sentence)(tokens, lengths)


def decode(context, params, start, end, max_length):
    def step(word, h, c):
        h = one_step(torch.cat([params["dec_embed"][word], c]), h, params, "dec")
        return (h @ params["out_w"] + params["out_b"]).argmax(), h

    word = torch.full((len(context),), start, device=context.device)
    h, columns = context, []
    for _ in range(max_length):
        word, h = torch.vmap(step)(word, h, context)
        columns.append(word)
    ids = torch.stack(columns, 1)
    before = (ids == end).cumsum(1) - (ids == end).int()
    ids = ids.masked_fill(before > 0, end)
    longest = int((before == 0).sum(1).max())
    return ids[:, :longest]
