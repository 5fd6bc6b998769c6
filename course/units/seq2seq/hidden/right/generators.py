"""Generators and keyword arguments: one that reads, one that writes."""

from itertools import islice

import torch
from gates import gru_step
from torch.nn.functional import embedding, pad


def gru(params, side):
    def step(x, h):
        keys = ("w_x", "w_h", "b_x", "b_h")
        return gru_step(x=x, h=h, **{key: params[f"{side}_{key}"] for key in keys})

    return step


def reading(words, step, h):
    for word in words:
        h = step(word, h)
        yield h


def writing(context, params, start, end):
    step, h = gru(params, "dec"), context
    token = torch.zeros(len(context), dtype=torch.int64, device=context.device) + start
    alive = torch.ones_like(token)
    while alive.any():
        h = step(torch.cat((embedding(token, params["dec_embed"]), context), dim=1), h)
        scores = torch.addmm(params["out_b"], h, params["out_w"])
        token = torch.argmax(scores, dim=1) * alive + end * (1 - alive)
        alive = alive * token.ne(end)
        yield token


def encode(tokens, lengths, params):
    words = embedding(tokens, params["enc_embed"]).transpose(0, 1)
    zeros = words.new_zeros(len(tokens), len(params["enc_w_h"]))
    states = torch.stack(tuple(reading(words, gru(params, "enc"), zeros)), dim=1)
    steps = pad(states, (0, 0, 1, 0))  # a state before the first word, so that lengths are places
    context = torch.take_along_dim(steps, lengths[:, None, None], dim=1)[:, 0]
    return states, context


def decode(context, params, start, end, max_length):
    words = islice(writing(context, params, start, end), max_length)
    return torch.stack(list(words)).T
