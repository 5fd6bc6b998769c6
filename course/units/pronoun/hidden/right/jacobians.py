"""Gradients by `torch.func.vjp`, softmax less one-hot written by hand at the head of the chain."""

import math

import torch
import torch.nn.functional as F
from gates import lstm_step
from receptive_field import conv1d
from rnn import rnn
from self_attention import self_attention

KINDS = {
    "rnn": lambda x, p: rnn(x, x.new_zeros(len(x), len(p["w_hh"])), p["w_xh"], p["w_hh"], p["b"]),
    "lstm": lambda x, p: _lstm(x, p),
    "convolution": lambda x, p: _stack(x, [*zip(p["w"], p["b"])]),
    "attention": lambda x, p: self_attention(x, p["w_q"], p["w_k"], p["w_v"]),
}


def _lstm(x, p):
    h = c = x.new_zeros(len(x), len(p["w_h"]))
    states = []
    for t in range(x.shape[1]):
        h, c = lstm_step(x[:, t], h, c, p["w_x"], p["w_h"], p["b"])
        states.append(h)
    return torch.stack(states, 1)


def _stack(x, layers):
    return _stack(F.relu(conv1d(x, *layers[0])), layers[1:]) if layers else x


def predict(kind, tokens, params):
    states = KINDS[kind](params["embed"][tokens], params)  # (N, T, H)
    return (states @ params["out_w"] + params["out_b"])[:, -1]


def gradients(kind, tokens, nouns, params, max_norm):
    logits, pull = torch.func.vjp(lambda p: predict(kind, tokens, p), dict(params))
    log_likely = torch.log_softmax(logits, -1)
    loss = -log_likely.gather(-1, nouns.unsqueeze(-1)).mean()
    error = (log_likely.exp() - F.one_hot(nouns, logits.shape[-1])) / len(nouns)
    (found,) = pull(error.to(logits.dtype))
    norm = math.hypot(*(g.norm().item() for g in found.values()))
    if norm <= max_norm:
        return loss, found
    return loss, {name: g * max_norm / norm for name, g in found.items()}


class Adam:
    def __init__(self, lr):
        self.lr, self.t, self.m, self.v = lr, 0, {}, {}

    def step(self, params, found):
        self.t += 1
        after = {}
        for name, g in found.items():
            self.m[name] = m = 0.9 * self.m.get(name, 0) + 0.1 * g
            self.v[name] = v = 0.999 * self.v.get(name, 0) + 0.001 * g * g
            size = torch.sqrt(v / (1 - 0.999**self.t)) + 1e-8
            after[name] = params[name] - self.lr * (m / (1 - 0.9**self.t)) / size
        return after


def train(kind, batches, params, lr, max_norm):
    adam, losses = Adam(lr), []
    for batch in batches:
        loss, found = gradients(kind, *batch, params, max_norm)
        params = adam.step(params, found)
        losses.append(loss)
    return params, torch.stack(losses)


def accuracy(kind, tokens, nouns, params):
    likely = predict(kind, tokens, params).softmax(-1)
    return torch.mean((likely.argmax(-1) == nouns).double()).item()


def pronoun_weights(tokens, params):
    x = params["embed"][tokens]
    return torch.func.vmap(lambda x: _weights(x, params))(x)


def _weights(x, params):
    q, k = x[-1] @ params["w_q"], x @ params["w_k"]
    return torch.softmax(k @ q / math.sqrt(len(q)), -1)
