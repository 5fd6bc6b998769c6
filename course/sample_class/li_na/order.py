"""The order of words, Li Na."""

import torch

from self_attention import self_attention


def positions(length, width):
    if width % 2 == 1:
        raise ValueError("width must be even")
    t = torch.arange(length, dtype=torch.float64).unsqueeze(1)
    i = torch.arange(width // 2, dtype=torch.float64)
    angles = t / torch.pow(torch.tensor(10000.0, dtype=torch.float64), 2 * i / width)
    table = torch.zeros(length, width, dtype=torch.float64)
    table[:, 0::2] = torch.sin(angles)
    table[:, 1::2] = torch.cos(angles)
    return table


def next_words(tokens, params):
    embed = params["embed"]
    N, T = tokens.shape
    x = embed[tokens] + positions(T, embed.size(1)).to(embed.device, embed.dtype)
    y = self_attention(x, params["w_q"], params["w_k"], params["w_v"], causal=True)
    return torch.matmul(y, params["out_w"]) + params["out_b"]


def mean_loss(tokens, params):
    logits = next_words(tokens, params)[:, :-1]  # (N, T-1, V)
    log_p = torch.log_softmax(logits, dim=2)
    return -log_p.gather(2, tokens[:, 1:].unsqueeze(2)).mean()


def generate(tokens, params, count):
    for _ in range(count):
        word = next_words(tokens, params)[:, -1].argmax(dim=1)
        tokens = torch.cat([tokens, word.unsqueeze(1)], dim=1)
    return tokens
