"""One sentence after the other; the loss is the sum of theirs over their number."""

import torch
from gates import lstm_step
from receptive_field import conv1d
from rnn import rnn
from self_attention import self_attention
from attention import scale, score, softmax


def _read(kind, words, p):
    x = p["embed"][words][None]  # (1, T, D)
    if kind == "rnn":
        h = x.new_zeros(1, p["w_hh"].shape[0])
        for t in range(x.shape[1]):
            h = rnn(x[:, t : t + 1], h, p["w_xh"], p["w_hh"], p["b"])[:, 0]
        return h[0]
    if kind == "lstm":
        h, c = x.new_zeros(2, 1, p["w_h"].shape[0])
        for t in range(x.shape[1]):
            h, c = lstm_step(x[:, t], h, c, p["w_x"], p["w_h"], p["b"])
        return h[0]
    if kind == "convolution":
        for w, b in zip(p["w"], p["b"]):
            x = torch.maximum(conv1d(x, w, b), x.new_zeros(()))
        return x[0, -1]
    return self_attention(x, p["w_q"], p["w_k"], p["w_v"])[0, -1]


def predict(kind, tokens, params):
    rows = [_read(kind, words, params) @ params["out_w"] + params["out_b"] for words in tokens]
    return torch.stack(rows)


def gradients(kind, tokens, nouns, params, max_norm):
    leaves = {name: p.detach().clone().requires_grad_() for name, p in params.items()}
    losses = []
    for row, noun in zip(predict(kind, tokens, leaves), nouns):
        losses.append(torch.logsumexp(row, 0) - row[noun])
    loss = sum(losses) / len(losses)
    loss.backward()
    found = {name: p.grad for name, p in leaves.items()}
    norm = sum(g.double().square().sum() for g in found.values()).sqrt().item()
    if norm > max_norm:
        for g in found.values():
            g *= max_norm / norm
    return loss.detach(), found


def train(kind, batches, params, lr, max_norm):
    params = {name: p.detach().clone() for name, p in params.items()}
    state, losses = {}, []
    for number, (tokens, nouns) in enumerate(batches):
        loss, found = gradients(kind, tokens, nouns, params, max_norm)
        losses.append(loss)
        for name, p in params.items():
            if number == 0:
                state[name] = [torch.zeros_like(p), torch.zeros_like(p)]
            first, second = state[name]
            first.lerp_(found[name], 1 - 0.9)
            second.mul_(0.999).addcmul_(found[name], found[name], value=1 - 0.999)
            step = lr / (1 - 0.9 ** (number + 1))
            size = second.sqrt() / (1 - 0.999 ** (number + 1)) ** 0.5
            p.addcdiv_(first, size.add_(1e-8), value=-step)
    return params, torch.stack(losses)


def accuracy(kind, tokens, nouns, params):
    right = 0
    for words, noun in zip(tokens, nouns):
        right += int(predict(kind, words[None], params)[0].argmax()) == int(noun)
    return right / len(tokens)


def pronoun_weights(tokens, params):
    x = params["embed"][tokens]
    q, k = x[:, -1:] @ params["w_q"], x @ params["w_k"]
    return softmax(scale(score(q, k), k.shape[-1]), -1)[:, 0]
