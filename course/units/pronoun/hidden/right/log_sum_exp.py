"""The cross-entropy by log-sum-exp, the embedding as a product with one-hot rows."""

import math

import torch
import torch.nn.functional as F
from attention import attention
from gates import lstm_step
from receptive_field import conv1d
from rnn import rnn
from self_attention import self_attention


def _embedded(tokens, embed):
    return F.one_hot(tokens, len(embed)).to(embed.dtype) @ embed


def predict(kind, tokens, params):
    x = _embedded(tokens, params["embed"])
    own = {name: p for name, p in params.items() if name not in ("embed", "out_w", "out_b")}
    match kind:
        case "rnn":
            last = rnn(x, torch.zeros_like(own["w_hh"][:, 0]).expand(len(x), -1), **own)[:, -1]
        case "lstm":
            state = (torch.zeros_like(own["w_h"][:, 0]).expand(len(x), -1),) * 2
            for word in x.unbind(dim=1):
                state = lstm_step(word, *state, **own)
            last = state[0]
        case "convolution":
            for i in range(len(own["w"])):
                x = F.relu(conv1d(x, own["w"][i], own["b"][i]))
            last = x.select(1, -1)
        case "attention":
            last = self_attention(x, **own)[..., -1, :]
    return last @ params["out_w"] + params["out_b"]


def _loss(logits, nouns):
    told = logits[torch.arange(len(nouns), device=nouns.device), nouns]
    return (logits.logsumexp(-1) - told).sum() / len(nouns)


def gradients(kind, tokens, nouns, params, max_norm):
    with torch.enable_grad():
        leaves = {name: p.detach().requires_grad_() for name, p in params.items()}
        loss = _loss(predict(kind, tokens, leaves), nouns)
        found = dict(zip(leaves, torch.autograd.grad(loss, tuple(leaves.values()))))
    norm = math.sqrt(sum(float((g * g).sum()) for g in found.values()))
    shrink = min(1.0, max_norm / norm) if norm else 1.0
    return loss.detach(), {name: g.mul(shrink) for name, g in found.items()}


def train(kind, batches, params, lr, max_norm):
    names, losses = list(params), torch.empty(len(batches), dtype=params["embed"].dtype)
    losses = losses.to(params["embed"].device)
    values = [params[name].detach().clone() for name in names]
    optimizer = torch.optim.Adam(values, lr, betas=(0.9, 0.999), eps=1e-8)
    for i, (tokens, nouns) in enumerate(batches):
        losses[i], found = gradients(kind, tokens, nouns, dict(zip(names, values)), max_norm)
        for name, value in zip(names, values):
            value.grad = found[name]
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return dict(zip(names, (value.detach() for value in values))), losses


def accuracy(kind, tokens, nouns, params):
    logits = predict(kind, tokens, params).detach()
    told = logits.gather(1, nouns[:, None])
    return 1.0 - (logits > told).any(1).double().mean().item()


def pronoun_weights(tokens, params):
    x = _embedded(tokens, params["embed"])
    q, k = x[:, -1] @ params["w_q"], x @ params["w_k"]
    return attention(q[:, None], k, k)[1].squeeze(1)
