"""Modules of torch: an attention with a call of its own, a GRUCell with the given weights."""

import math

import torch
from torch import nn
from torch.func import functional_call


class Look(nn.Module):
    def forward(self, query, keys, mask=None):
        visible = mask
        logits = torch.linalg.vecdot(keys, query.unsqueeze(-2)) / math.sqrt(query.shape[-1])
        if visible is None:
            visible = torch.ones_like(logits).bool()
        some = visible.any(dim=-1, keepdim=True)
        logits = logits.masked_fill(visible.logical_not() & some, -math.inf)
        weights = nn.Softmax(dim=-1)(logits).masked_fill(visible.logical_not(), 0)
        return weights.unsqueeze(-2).matmul(keys).squeeze(-2), weights


attend = Look()


class Translator(nn.Module):
    def __init__(self, params):
        super().__init__()
        self.params = params
        size, width = params["enc_embed"].shape[1], params["enc_w_h"].shape[0]
        self.reader = nn.GRUCell(size, width, device="meta")
        self.writer = nn.GRUCell(params["dec_w_x"].shape[0], width, device="meta")

    def cell(self, which, side, x, h):
        weights = {
            "weight_ih": self.params[f"{side}_w_x"].T,
            "weight_hh": self.params[f"{side}_w_h"].T,
            "bias_ih": self.params[f"{side}_b_x"],
            "bias_hh": self.params[f"{side}_b_h"],
        }
        return functional_call(which, weights, (x, h))

    def read(self, tokens, lengths):
        h = self.params["enc_w_h"].new_zeros(len(tokens), self.writer.hidden_size)
        states = []
        for column, t in zip(tokens.T, range(tokens.shape[1])):
            new = self.cell(self.reader, "enc", self.params["enc_embed"][column], h)
            h = torch.where((lengths > t)[:, None], new, h)
            states.append(h)
        return torch.stack(states, 1), h

    def forward(self, tokens, lengths, start, end, max_length):
        states, h = self.read(tokens, lengths)
        mask = torch.arange(tokens.shape[1], device=tokens.device)[None, :] < lengths[:, None]
        word, ids, rows = torch.full_like(lengths, start), [], []
        over = torch.zeros_like(mask[:, 0])
        for _ in range(max_length):
            context, row = attend(h, states, mask)
            h = self.cell(self.writer, "dec", torch.cat([self.params["dec_embed"][word], context], 1), h)
            word = torch.where(over, end, (h @ self.params["out_w"] + self.params["out_b"]).argmax(1))
            over = over | (word == end)
            ids.append(word)
            rows.append(row)
            if over.all():
                break
        return torch.stack(ids, 1), torch.stack(rows, 1)


def decode_with_attention(tokens, lengths, params, start, end, max_length):
    return Translator(params)(tokens, lengths, start, end, max_length)
