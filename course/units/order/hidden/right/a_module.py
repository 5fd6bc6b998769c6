"""A language model as a module, whose parameters are the caller's."""

import torch
from self_attention import self_attention
from torch import nn


class Positions(nn.Module):
    """Adds to each word where it stands."""

    def __init__(self, width):
        super().__init__()
        if width % 2:
            raise ValueError("no odd widths")
        self.register_buffer("rates", 10000 ** (-torch.arange(0, width, 2).double() / width))

    def table(self, length):
        """(T, D)."""
        angles = torch.arange(length).double().unsqueeze(1) * self.rates
        return torch.cat([angles.sin()[..., None], angles.cos()[..., None]], -1).flatten(-2)

    def forward(self, words):
        """(N, T, D) -> (N, T, D)."""
        return words + self.table(words.shape[1]).to(words)


class LanguageModel(nn.Module):
    """One layer, one head."""

    def __init__(self, params):
        super().__init__()
        self.params = params
        self.positions = Positions(params["embed"].shape[1])

    def forward(self, tokens):
        """(N, T) -> (N, T, V)."""
        p = self.params
        x = self.positions(nn.functional.embedding(tokens, p["embed"]))
        return self_attention(x, p["w_q"], p["w_k"], p["w_v"], causal=True) @ p["out_w"] + p["out_b"]

    def loss(self, tokens):
        """The mean over all predictions."""
        return nn.CrossEntropyLoss(reduction="mean")(
            self(tokens[:, :-1]).flatten(end_dim=1), tokens[:, 1:].flatten()
        )


def positions(length, width):
    return Positions(width).table(length)


def next_words(tokens, params):
    return LanguageModel(params)(tokens)


def mean_loss(tokens, params):
    return LanguageModel(params).loss(tokens)


def generate(tokens, params, count):
    model = LanguageModel(params).eval()
    for _ in range(count):
        tokens = torch.cat([tokens, model(tokens)[:, [-1]].argmax(-1)], 1)
    return tokens
