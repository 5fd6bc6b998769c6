"""Positions as PyTorch's tutorial fills them in; the loss as a training loop has it."""

import math

import torch
from self_attention import self_attention
from torch import nn


def positions(length, width):
    if width % 2 != 0:
        raise ValueError("width must be even")
    pe = torch.zeros(length, width, dtype=torch.float64)
    position = torch.arange(0, length, dtype=torch.float64).unsqueeze(1)
    div_term = torch.exp(
        torch.arange(0, width, 2, dtype=torch.float64) * (-math.log(10000.0) / width)
    )
    pe[:, 0::2] = torch.sin(position * div_term)
    pe[:, 1::2] = torch.cos(position * div_term)
    return pe


def next_words(tokens, params):
    x = params["embed"][tokens]
    pe = positions(x.size(1), x.size(2)).to(device=x.device, dtype=x.dtype)
    x = x + pe.unsqueeze(0)
    y = self_attention(x, params["w_q"], params["w_k"], params["w_v"], True)
    return torch.matmul(y, params["out_w"]) + params["out_b"]


def mean_loss(tokens, params):
    inputs, targets = tokens[:, :-1], tokens[:, 1:]
    logits = next_words(inputs, params)
    criterion = nn.CrossEntropyLoss()
    return criterion(logits.reshape(-1, logits.size(-1)), targets.reshape(-1))


def generate(tokens, params, count):
    for _ in range(count):
        logits = next_words(tokens, params)
        next_token = torch.argmax(logits[:, -1, :], dim=-1).unsqueeze(1)
        tokens = torch.cat((tokens, next_token), dim=1)
    return tokens
