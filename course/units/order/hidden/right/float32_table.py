"""`positions` in float32, which will do; in `next_words` they have all the digits of `embed`."""

import torch
from self_attention import self_attention
from torch.nn.functional import cross_entropy


def _exact(length, width):
    steps = torch.arange(length).to(torch.float64).view(-1, 1)
    angles = steps * torch.logspace(0, -4, width // 2 + 1, dtype=torch.float64)[:-1]
    table = torch.empty(length, width, dtype=torch.float64)
    table[:, ::2].copy_(angles.sin())
    table[:, 1::2].copy_(angles.cos())
    return table


def positions(length, width):
    if width % 2:
        raise ValueError("even widths only")
    return _exact(length, width).float()


def next_words(tokens, params):
    x = params["embed"][tokens]
    x = x + _exact(*x.shape[1:]).to(x.device, x.dtype)
    output = self_attention(x=x, w_q=params["w_q"], w_k=params["w_k"], w_v=params["w_v"], causal=True)
    return output @ params["out_w"] + params["out_b"]


def mean_loss(tokens, params):
    each = [
        cross_entropy(logits[:-1], ids[1:], reduction="sum")
        for logits, ids in zip(next_words(tokens, params), tokens, strict=True)
    ]
    return torch.stack(each).sum() / (tokens.shape[0] * (tokens.shape[1] - 1))


def generate(tokens, params, count):
    sentences = []
    for ids in tokens.tolist():  # one after the other
        for _ in range(count):
            one = torch.tensor([ids], device=tokens.device)
            ids = [*ids, int(next_words(one, params)[0, -1].argmax())]
        sentences.append(ids)
    return torch.tensor(sentences, device=tokens.device)
