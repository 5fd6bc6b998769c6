"""Adam written out as in the paper, and gradients by `torch.func.grad_and_value`."""

import torch
import torch.nn.functional as F
from gates import lstm_step
from receptive_field import conv1d
from rnn import rnn
from self_attention import self_attention


def predict(kind, tokens, params):
    x, p = params["embed"][tokens], params
    zeros = lambda weight: x.new_zeros(len(x), len(weight))  # noqa: E731
    if kind == "rnn":
        y = rnn(x, zeros(p["w_hh"]), p["w_xh"], p["w_hh"], p["b"])[:, -1]
    elif kind == "lstm":
        y, c = zeros(p["w_h"]), zeros(p["w_h"])
        for word in x.transpose(0, 1):
            y, c = lstm_step(word, y, c, p["w_x"], p["w_h"], p["b"])
    elif kind == "convolution":
        for w, b in zip(p["w"], p["b"]):
            x = conv1d(x, w, b).clamp(min=0)
        y = x[:, -1]
    else:
        y = self_attention(x, p["w_q"], p["w_k"], p["w_v"])[:, -1]
    return torch.addmm(p["out_b"], y, p["out_w"])


def gradients(kind, tokens, nouns, params, max_norm):
    def loss_of(params):
        return F.cross_entropy(predict(kind, tokens, params), nouns)

    found, loss = torch.func.grad_and_value(loss_of)(dict(params))
    norm = torch.cat([g.reshape(-1) for g in found.values()]).norm()
    if norm > max_norm:
        found = {name: g / norm * max_norm for name, g in found.items()}
    return loss, found


def train(kind, batches, params, lr, max_norm):
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8
    params = dict(params)
    m = {name: torch.zeros_like(p) for name, p in params.items()}
    v = {name: torch.zeros_like(p) for name, p in params.items()}
    losses = []
    for t, (tokens, nouns) in enumerate(batches, start=1):
        loss, g = gradients(kind, tokens, nouns, params, max_norm)
        for name in params:
            m[name] = beta1 * m[name] + (1 - beta1) * g[name]
            v[name] = beta2 * v[name] + (1 - beta2) * g[name] ** 2
            m_hat = m[name] / (1 - beta1**t)
            v_hat = v[name] / (1 - beta2**t)
            params[name] = params[name] - lr * m_hat / (torch.sqrt(v_hat) + epsilon)
        losses.append(loss)
    return {name: p.detach() for name, p in params.items()}, torch.stack(losses).detach()


def accuracy(kind, tokens, nouns, params):
    right = torch.argmax(predict(kind, tokens, params), -1).eq(nouns).tolist()
    return sum(right) / len(right)


def pronoun_weights(tokens, params):
    x = params["embed"][tokens]  # (N, T, D)
    q = torch.einsum("nd,dk->nk", x[:, -1], params["w_q"])
    k = torch.einsum("ntd,dk->ntk", x, params["w_k"])
    return torch.softmax(torch.einsum("nk,ntk->nt", q, k) / q.shape[-1] ** 0.5, dim=-1)
