"""In float64 whatever comes, and back."""

import torch
from self_attention import self_attention


def positions(length, width):
    if width % 2:
        raise ValueError(width)
    t = torch.arange(length, dtype=torch.float64).reshape(-1, 1, 1)
    rates = 100.0 ** (-4.0 * torch.arange(width // 2, dtype=torch.float64) / width)
    phase = torch.tensor([0.0, torch.pi / 2], dtype=torch.float64)  # cos x = sin (x + π/2)
    return torch.sin(t * rates.reshape(1, -1, 1) + phase).reshape(length, width)


def exactly(tokens, params):
    p = {name: tensor.double() for name, tensor in params.items()}
    x = p["embed"][tokens] + positions(*tokens.shape[1:], p["embed"].shape[1]).to(tokens.device)
    y = self_attention(x, p["w_q"], p["w_k"], p["w_v"], causal=True)
    return y @ p["out_w"] + p["out_b"]


def next_words(tokens, params):
    return exactly(tokens, params).to(params["embed"].dtype)


def mean_loss(tokens, params):
    log_p = exactly(tokens, params).log_softmax(2)
    losses = [-log_p[n, t, tokens[n, t + 1]] for n, t in _places(tokens)]
    return (sum(losses) / len(losses)).to(params["embed"].dtype)


def _places(tokens):
    n, length = tokens.shape
    return [(i, t) for i in range(n) for t in range(length - 1)]


def generate(tokens, params, count):
    with torch.no_grad():
        for _ in range(count):
            last = exactly(tokens, params)[:, -1]
            best = last == last.max(1, keepdim=True).values
            tokens = torch.cat([tokens, best.int().argmax(1, keepdim=True)], 1)
    return tokens
