"""Computed in float64, and rounded to the dtype of params at the end."""

import torch
import torch.nn.functional as F
from gates import lstm_step
from receptive_field import conv1d
from rnn import rnn
from self_attention import self_attention


def predict(kind, tokens, params):
    p = {name: value.double() for name, value in params.items()}
    x = p["embed"][tokens]
    zeros = x.new_zeros(len(x), p["out_w"].shape[0])
    if kind == "rnn":
        y = rnn(x, zeros, p["w_xh"], p["w_hh"], p["b"])[:, -1]
    elif kind == "lstm":
        y, c = zeros, zeros
        for t in range(x.shape[1]):
            y, c = lstm_step(x[:, t], y, c, p["w_x"], p["w_h"], p["b"])
    elif kind == "convolution":
        for w, b in zip(p["w"], p["b"]):
            x = torch.relu(conv1d(x, w, b))
        y = x[:, -1]
    else:
        y = self_attention(x, p["w_q"], p["w_k"], p["w_v"])[:, -1]
    return (y @ p["out_w"] + p["out_b"]).to(params["embed"].dtype)


def gradients(kind, tokens, nouns, params, max_norm):
    leaves = {name: p.detach().double().requires_grad_() for name, p in params.items()}
    loss = F.cross_entropy(predict(kind, tokens, leaves), nouns)
    found = torch.autograd.grad(loss, list(leaves.values()))
    norm = torch.cat([g.flatten() for g in found]).norm()
    times = max_norm / norm if norm > max_norm else 1.0
    dtype = params["embed"].dtype
    pairs = zip(leaves, found)
    return loss.detach().to(dtype), {name: (times * g).to(dtype) for name, g in pairs}


def train(kind, batches, params, lr, max_norm):
    dtype = params["embed"].dtype
    exact = {name: p.detach().to(torch.float64, copy=True) for name, p in params.items()}
    optimizer = torch.optim.Adam(exact.values(), lr)
    losses = []
    for tokens, nouns in batches:
        loss, found = gradients(kind, tokens, nouns, exact, max_norm)
        for name, p in exact.items():
            p.grad = found[name]
        optimizer.step()
        losses.append(loss)
    return {name: p.to(dtype) for name, p in exact.items()}, torch.stack(losses).to(dtype)


def accuracy(kind, tokens, nouns, params):
    return (predict(kind, tokens, params).argmax(-1) == nouns).double().mean().item()


def pronoun_weights(tokens, params):
    x, w_q, w_k = (params[name].double() for name in ("embed", "w_q", "w_k"))
    x = x[tokens]
    scores = (x[:, -1:] @ w_q @ (x @ w_k).mT).squeeze(1) / w_k.shape[1] ** 0.5
    return scores.softmax(-1).to(params["embed"].dtype)
