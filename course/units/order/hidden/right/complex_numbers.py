"""A position turns complex numbers, each pair at its own rate."""

import torch
import torch.nn.functional as F
from attention import attention
from self_attention import causal_mask, project


def positions(length, width):
    if width % 2:
        raise ValueError("every sine needs its cosine")
    rates = torch.pow(torch.tensor(10000.0).double(), -torch.arange(0, width, 2).double() / width)
    turns = torch.exp(1j * torch.arange(length)[:, None].double() * rates)
    return torch.stack([turns.imag, turns.real], 2).reshape(length, width)


def next_words(tokens, params):
    where = positions(tokens.shape[-1], params["embed"].shape[-1])
    x = params["embed"][tokens] + where.to(params["embed"].device, params["embed"].dtype)
    q, k, v = project(x, params["w_q"], params["w_k"], params["w_v"])
    y = attention(q, k, v, causal_mask(tokens.shape[-1], x.device))[0]
    return torch.baddbmm(params["out_b"], y, params["out_w"].expand(len(y), -1, -1))


def mean_loss(tokens, params):
    log_p = F.log_softmax(next_words(tokens, params), dim=-1)
    return F.nll_loss(log_p[:, :-1].permute(0, 2, 1), tokens[:, 1:], reduction="mean")


def generate(tokens, params, count):
    result = [tokens]
    for _ in range(count):
        logits = next_words(torch.cat(result, 1), params)
        result.append(logits[:, -1:].argmax(2))
    return torch.cat(result, 1)
