"""Two modules of torch, called with the given weights; a decoder that is an iterator."""

import torch
from torch import nn
from torch.func import functional_call


def named(params, side, suffix=""):
    pairs = [("weight_ih", "w_x"), ("weight_hh", "w_h"), ("bias_ih", "b_x"), ("bias_hh", "b_h")]
    turned = {long: params[f"{side}_{short}"].T.contiguous() for long, short in pairs[:2]}
    return {long + suffix: weight for long, weight in turned.items()} | {
        long + suffix: params[f"{side}_{short}"] for long, short in pairs[2:]
    }


def encode(tokens, lengths, params):
    size, width = params["enc_embed"].shape[1], params["enc_w_h"].shape[0]
    layer = nn.GRU(size, width, batch_first=True, device="meta")
    table = nn.Embedding(*params["enc_embed"].shape, device="meta")
    words = functional_call(table, {"weight": params["enc_embed"]}, (tokens,))
    states, _ = functional_call(layer, named(params, "enc", "_l0"), (words,))
    return states, torch.cat([row[n - 1 : n] for row, n in zip(states, lengths)])


class Writer:
    """Writes a word for every sentence at each turn, until all have ended."""

    def __init__(self, context, params, start, end):
        self.context, self.params, self.end = context, params, end
        self.h = context
        self.word = torch.tensor(start, device=context.device).repeat(len(context))
        self.over = torch.tensor(False, device=context.device).repeat(len(context))
        self.cell = nn.GRUCell(*params["dec_w_x"].shape[:1], context.shape[1], device="meta")

    def __iter__(self):
        return self

    def __next__(self):
        if self.over.all():
            raise StopIteration
        x = torch.cat([self.params["dec_embed"][self.word], self.context], dim=-1)
        self.h = functional_call(self.cell, named(self.params, "dec"), (x, self.h))
        logits = nn.functional.linear(self.h, self.params["out_w"].T, self.params["out_b"])
        self.word = torch.where(self.over, self.end, logits.argmax(-1))
        self.over = self.over | (self.word == self.end)
        return self.word


def decode(context, params, start, end, max_length):
    words = [word for word, _ in zip(Writer(context, params, start, end), range(max_length))]
    return torch.stack(words, -1)
