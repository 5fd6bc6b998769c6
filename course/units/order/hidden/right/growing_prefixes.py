"""A pass over each prefix. (Slow, and speed is not asked here.)"""

import math

import torch
from attention import attention


def positions(length, width):
    if width % 2 == 1:
        raise ValueError("odd")
    table = []
    for t in range(length):
        row = []
        for i in range(width // 2):
            angle = t / 10000 ** (2 * i / width)
            row += [math.sin(angle), math.cos(angle)]
        table.append(row)
    return torch.tensor(table, dtype=torch.float64)


def after(tokens, params):
    """(N, t) -> (N, V): the last word asks all words."""
    embed = params["embed"]
    places = positions(tokens.shape[1], embed.shape[1]).to(dtype=embed.dtype, device=embed.device)
    x = embed[tokens] + places
    y, _ = attention(x[:, -1:] @ params["w_q"], x @ params["w_k"], x @ params["w_v"])
    return y[:, 0] @ params["out_w"] + params["out_b"]


def next_words(tokens, params):
    rows = [after(tokens[:, : t + 1], params) for t in range(tokens.shape[1])]
    return torch.stack(rows, dim=1)


def mean_loss(tokens, params):
    n, length = tokens.shape
    total = 0
    for t in range(1, length):
        logits = after(tokens[:, :t], params)
        right = logits[torch.arange(n, device=logits.device), tokens[:, t]]
        total = total + ((torch.logsumexp(logits, 1) - right) / (n * (length - 1))).sum()
    return total


def generate(tokens, params, count):
    result = torch.empty(
        len(tokens), tokens.shape[1] + count, dtype=torch.int64, device=tokens.device
    )
    result[:, : tokens.shape[1]] = tokens
    for t in range(tokens.shape[1], result.shape[1]):
        result[:, t] = after(result[:, :t], params).max(dim=1).indices
    return result
