"""Trained without `gradients`: the gradients are scaled where the optimiser finds them."""

import torch
import torch.nn.functional as F
from attention import attention
from gates import lstm_step
from receptive_field import conv1d
from rnn import rnn
from self_attention import project


def predict(kind, tokens, params):
    p = params
    x = torch.stack([p["embed"][column] for column in tokens.unbind(1)], 1)
    if kind == "attention":
        q, k, v = project(x, p["w_q"], p["w_k"], p["w_v"])
        last = attention(q, k, v)[0][:, -1]
    elif kind == "convolution":
        for w, b in zip(p["w"], p["b"]):
            x = conv1d(x, w, b)
            x = x * (x > 0)
        last = x[:, -1]
    elif kind == "lstm":
        last = cell = torch.zeros_like(x[:, 0] @ p["w_x"]).chunk(4, -1)[0]
        for word in x.unbind(1):
            last, cell = lstm_step(word, last, cell, p["w_x"], p["w_h"], p["b"])
    else:
        states = rnn(x, torch.zeros_like(x[:, 0] @ p["w_xh"]), p["w_xh"], p["w_hh"], p["b"])
        last = states[:, -1]
    return sum(last[:, i, None] * row for i, row in enumerate(p["out_w"])) + p["out_b"]


def _scale(found, max_norm):
    norm = torch.sqrt(sum(torch.sum(g * g) for g in found))
    if norm > max_norm:
        torch._foreach_mul_(found, max_norm / norm.item())


def gradients(kind, tokens, nouns, params, max_norm):
    leaves = {name: p.detach().clone().requires_grad_() for name, p in params.items()}
    loss = F.cross_entropy(predict(kind, tokens, leaves), nouns, reduction="none").mean()
    found = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)
    found = [torch.zeros_like(p) if g is None else g for g, p in zip(found, leaves.values())]
    _scale(found, max_norm)
    return loss.detach(), dict(zip(leaves, found))


def train(kind, batches, params, lr, max_norm):
    leaves = {name: p.detach().clone().requires_grad_() for name, p in params.items()}
    optimizer = torch.optim.Adam(leaves.values(), lr=lr, foreach=False)
    losses = []

    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(predict(kind, tokens, leaves), nouns)
        loss.backward()
        _scale([p.grad for p in leaves.values() if p.grad is not None], max_norm)
        return loss.detach()

    for tokens, nouns in batches:
        losses.append(optimizer.step(closure))
    return {name: p.detach() for name, p in leaves.items()}, torch.stack(losses)


def accuracy(kind, tokens, nouns, params):
    with torch.no_grad():
        told = predict(kind, tokens, params).topk(1).indices.squeeze(-1)
    return 1 - torch.ne(told, nouns).sum().item() / told.numel()


def pronoun_weights(tokens, params):
    x = params["embed"][tokens]
    q, k, _ = project(x, params["w_q"], params["w_k"], params["w_v"])
    one_hot = torch.eye(x.shape[1], dtype=x.dtype, device=x.device).expand(len(x), -1, -1)
    return attention(q, k, one_hot)[0][:, -1]
