"""The sentence is read recursively; softmax and loss are written out, in their own precision."""

import functools

import torch
from attention import softmax
from gates import lstm_step
from receptive_field import conv1d
from rnn import rnn_step
from self_attention import self_attention


def _states(kind, x, p):
    """State and cell after the words of x."""
    if not x.shape[1]:
        return (x.new_zeros(len(x), len(p["w_hh" if kind == "rnn" else "w_h"])),) * 2
    h, c = _states(kind, x[:, :-1], p)
    if kind == "rnn":
        return rnn_step(x[:, -1], h, p["w_xh"], p["w_hh"], p["b"]), c
    return lstm_step(x[:, -1], h, c, p["w_x"], p["w_h"], p["b"])


def predict(kind, tokens, params):
    x = params["embed"].index_select(0, tokens.flatten()).view(*tokens.shape, -1)
    if kind in ("rnn", "lstm"):
        y = _states(kind, x, params)[0]
    elif kind == "convolution":
        layers = zip(params["w"], params["b"])
        y = functools.reduce(lambda x, layer: conv1d(x, *layer).relu(), layers, x)[:, -1]
    else:
        y = self_attention(x, *(params[f"w_{name}"] for name in "qkv"))[:, -1]
    return (y[:, None] @ params["out_w"])[:, 0] + params["out_b"]


def gradients(kind, tokens, nouns, params, max_norm):
    leaves = {key: value.detach().requires_grad_() for key, value in params.items()}
    logits = predict(kind, tokens, leaves)
    shifted = logits - logits.amax(1, keepdim=True).detach()
    loss = (shifted.exp().sum(1).log() - shifted[range(len(nouns)), nouns]).mean()
    found = torch.autograd.grad(loss, leaves.values(), materialize_grads=True)
    total = torch.stack([value.norm(2) for value in found]).norm(2)
    times = torch.where(total > max_norm, max_norm / total, torch.ones_like(total))
    return loss.detach(), dict(zip(leaves, (times * value for value in found)))


def _train(kind, batches, params, optimizer, max_norm):
    if not batches:
        return []
    (tokens, nouns), *rest = batches
    loss, found = gradients(kind, tokens, nouns, params, max_norm)
    for key, value in params.items():
        value.grad = found[key]
    optimizer.step()
    return [loss, *_train(kind, rest, params, optimizer, max_norm)]


def train(kind, batches, params, lr, max_norm):
    fresh = {key: value.detach().clone().contiguous() for key, value in params.items()}
    optimizer = torch.optim.Adam([{"params": list(fresh.values()), "lr": lr}])
    losses = _train(kind, list(batches), fresh, optimizer, max_norm)
    return {key: value.detach().clone() for key, value in fresh.items()}, torch.stack(losses)


def accuracy(kind, tokens, nouns, params):
    best = predict(kind, tokens, params).sort(-1, descending=True).indices[:, 0]
    return torch.count_nonzero(best == nouns).item() / nouns.numel()


def pronoun_weights(tokens, params):
    x = params["embed"][tokens]
    keys = x @ params["w_k"]
    scores = (keys @ (x[:, -1] @ params["w_q"])[..., None]).squeeze(-1)
    return softmax(scores / keys.shape[-1] ** 0.5)
