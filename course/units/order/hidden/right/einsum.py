"""Index notation and exponentials, nothing of the units before."""

import torch
from torch import einsum


def positions(length, width):
    if width % 2:
        raise ValueError(width)
    column = torch.arange(width)
    rate = 10000.0 ** (-(column - column % 2).double() / width)
    angle = einsum("t,d->td", torch.arange(length).double(), rate)
    return torch.where(column % 2 == 0, angle.sin(), angle.cos())


def next_words(tokens, params):
    embed, w_q, w_k, w_v, out_w, out_b = (
        params[name] for name in ("embed", "w_q", "w_k", "w_v", "out_w", "out_b")
    )
    t = torch.arange(tokens.shape[1], device=tokens.device)
    x = embed[tokens] + positions(len(t), embed.shape[1]).to(embed)
    q, k, v = (einsum("ntd,de->nte", x, w) for w in (w_q, w_k, w_v))
    scores = einsum("nie,nje->nij", q, k) * q.shape[-1] ** -0.5
    scores = scores.masked_fill(t[None, :] > t[:, None], -torch.inf)
    weights = torch.exp(scores - scores.logsumexp(-1, keepdim=True))
    return einsum("nij,nje,ev->niv", weights, v, out_w) + out_b


def mean_loss(tokens, params):
    logits, targets = next_words(tokens, params)[:, :-1], tokens[:, 1:]
    log_p = logits - logits.logsumexp(-1, keepdim=True)
    return -log_p.gather(-1, targets.unsqueeze(-1)).mean()


def generate(tokens, params, count):
    for _ in range(count):
        new = next_words(tokens, params)[:, -1].argmax(1)
        tokens = torch.column_stack([tokens, new])
    return tokens
