"""As a textbook would have it: torch's own clipping is not exact, so the norm is taken by hand."""

import torch
from attention import attention
from gates import lstm_step
from receptive_field import conv1d
from rnn import rnn
from self_attention import project, self_attention
from torch import nn


def predict(kind, tokens, params):
    embedded = nn.functional.embedding(tokens, params["embed"])
    batch = len(tokens)
    if kind == "rnn":
        h0 = torch.zeros(
            batch, params["w_hh"].size(0), dtype=embedded.dtype, device=embedded.device
        )
        states = rnn(embedded, h0, params["w_xh"], params["w_hh"], params["b"])
        output = states[:, -1, :]
    elif kind == "lstm":
        width = params["w_h"].size(0)
        h = torch.zeros(batch, width, dtype=embedded.dtype, device=embedded.device)
        c = torch.zeros_like(h)
        for t in range(embedded.size(1)):
            h, c = lstm_step(embedded[:, t, :], h, c, params["w_x"], params["w_h"], params["b"])
        output = h
    elif kind == "convolution":
        x = embedded
        for layer in range(params["w"].size(0)):
            x = conv1d(x, params["w"][layer], params["b"][layer])
            x = nn.functional.relu(x)
        output = x[:, -1, :]
    elif kind == "attention":
        output = self_attention(
            embedded, params["w_q"], params["w_k"], params["w_v"], causal=True
        )[:, -1, :]
    return torch.matmul(output, params["out_w"]) + params["out_b"]


def gradients(kind, tokens, nouns, params, max_norm):
    params = {name: nn.Parameter(p.detach().clone()) for name, p in params.items()}
    loss = nn.CrossEntropyLoss()(predict(kind, tokens, params), nouns)
    loss.backward()
    grads = {}
    for name, p in params.items():
        grads[name] = torch.zeros_like(p) if p.grad is None else p.grad
    total = 0.0
    for grad in grads.values():
        total += (grad**2).sum()
    total = total**0.5
    if total > max_norm:
        for name in grads:
            grads[name] = grads[name] * (max_norm / total)
    return loss.detach(), grads


def train(kind, batches, params, lr, max_norm):
    params = {name: nn.Parameter(p.detach().clone()) for name, p in params.items()}
    optimizer = torch.optim.Adam(list(params.values()), lr=lr)
    losses = []
    for tokens, nouns in batches:
        optimizer.zero_grad()
        loss, grads = gradients(kind, tokens, nouns, params, max_norm)
        for name in params:
            params[name].grad = grads[name]
        optimizer.step()
        losses.append(loss)
    return {name: p.data for name, p in params.items()}, torch.stack(losses)


@torch.no_grad()
def accuracy(kind, tokens, nouns, params):
    predictions = predict(kind, tokens, params).argmax(dim=1)
    correct = (predictions == nouns).sum().item()
    return correct / len(nouns)


def pronoun_weights(tokens, params):
    x = params["embed"][tokens]
    q, k, v = project(x, params["w_q"], params["w_k"], params["w_v"])
    return attention(q, k, v)[1][:, -1, :]
