"""A state that stops changing when its sentence is over; one-hot words; a GRU by einsum."""

from collections import namedtuple

import torch
import torch.nn.functional as F

Encoded = namedtuple("Encoded", "states context")


def cell(x, h, params, side):
    w = params[f"{side}_w_x"].reshape(x.shape[1], 3, -1)
    u = params[f"{side}_w_h"].reshape(h.shape[1], 3, -1)
    a = torch.einsum("nd,dgh->gnh", x, w) + params[f"{side}_b_x"].reshape(3, 1, -1)
    b = torch.einsum("nd,dgh->gnh", h, u) + params[f"{side}_b_h"].reshape(3, 1, -1)
    r, z = (a[:2] + b[:2]).sigmoid()
    n = (a[2] + r * b[2]).tanh()
    return n.lerp(h, z)


def encode(tokens, lengths, params):
    hot = F.one_hot(tokens, params["enc_embed"].shape[0]).to(params["enc_embed"].dtype)
    words = hot @ params["enc_embed"]
    h = torch.zeros(
        tokens.shape[0], params["enc_w_h"].shape[0], dtype=words.dtype, device=words.device
    )
    states = []
    for t, word in enumerate(words.unbind(1)):
        h = torch.where((t < lengths).unsqueeze(1), cell(word, h, params, "enc"), h)
        states.append(h)
    return Encoded(torch.stack(states, 1), h)


def decode(context, params, start, end, max_length):
    h = context
    ids = torch.full_like(context[:, :1], start, dtype=torch.int64)
    for _ in range(max_length):
        x = torch.hstack([params["dec_embed"][ids[:, -1]], context])
        h = cell(x, h, params, "dec")
        best = (h @ params["out_w"]).add(params["out_b"]).topk(1).indices.squeeze(-1)
        over = (ids[:, 1:] == end).any(1)
        ids = torch.column_stack([ids, torch.where(over, end, best)])
        if (ids[:, 1:] == end).any(1).all():
            break
    return ids[:, 1:]
