import torch
import torch.nn.functional as F
from torch import nn


def gru(embed, p, side):
    width = p[f"{side}_w_h"].shape[0]
    cell = nn.GRUCell(p[f"{side}_w_x"].shape[0], width, dtype=embed.dtype, device="meta")
    weights = {
        "weight_ih": p[f"{side}_w_x"].T,
        "weight_hh": p[f"{side}_w_h"].T,
        "bias_ih": p[f"{side}_b_x"],
        "bias_hh": p[f"{side}_b_h"],
    }
    return lambda x, h: torch.func.functional_call(cell, weights, (x, h))


def encode(tokens, lengths, params):
    words = F.embedding(tokens, params["enc_embed"])
    cell, h, states = gru(words, params, "enc"), None, []
    h = words.new_zeros(len(words), params["enc_w_h"].shape[0])
    for x in words.unbind(1):
        h = cell(x, h)
        states.append(h)
    states = torch.stack(states, 1)
    return states, torch.take_along_dim(states, (lengths - 1)[:, None, None], 1)[:, 0]


def decode(context, params, start, end, max_length):
    cell, h = gru(context, params, "dec"), context
    ids = [torch.full((len(context),), start, device=context.device)]
    ended = ids[0] != ids[0]
    for _ in range(max_length):
        x = torch.hstack((F.embedding(ids[-1], params["dec_embed"]), context))
        h = cell(x, h)
        ids.append(torch.where(ended, end, F.linear(h, params["out_w"].T, params["out_b"]).argmax(-1)))
        ended = ended | ids[-1].eq(end)
        if bool(ended.all()):
            break
    return torch.stack(ids[1:], -1)
