"""What a GPU would refuse in the unit `pronoun`, and what it would not: see `attention`."""

import math

import torch
import torch.nn.functional as F
from attention import attention
from gates import lstm_step
from self_attention import project


def predict__states_on_the_cpu(kind, tokens, params):
    """-> torch.zeros(len(x), hidden"""
    x = params["embed"][tokens]
    if kind != "lstm":
        return _last_output(kind, x, params) @ params["out_w"] + params["out_b"]
    hidden = len(params["w_h"])
    h = c = torch.zeros(len(x), hidden, dtype=x.dtype)
    for word in x.unbind(1):
        h, c = lstm_step(word, h, c, params["w_x"], params["w_h"], params["b"])
    return h @ params["out_w"] + params["out_b"]


def predict__states_like_the_words(kind, tokens, params):
    """-> """
    x = params["embed"][tokens]
    if kind != "lstm":
        return _last_output(kind, x, params) @ params["out_w"] + params["out_b"]
    h = c = torch.zeros(len(x), len(params["w_h"]), dtype=x.dtype, device=x.device)
    for word in x.unbind(1):
        h, c = lstm_step(word, h, c, params["w_x"], params["w_h"], params["b"])
    return h @ params["out_w"] + params["out_b"]


def gradients__norm_in_python(kind, tokens, nouns, params, max_norm):
    """-> """
    leaves = {name: param.detach().requires_grad_() for name, param in params.items()}
    loss = F.cross_entropy(predict(kind, tokens, leaves), nouns)
    found = torch.autograd.grad(loss, list(leaves.values()))
    norm = math.sqrt(sum(gradient.square().sum().item() for gradient in found))
    factor = max_norm / norm if norm > max_norm else 1.0
    return loss.detach(), {name: factor * g for name, g in zip(leaves, found, strict=True)}


def gradients__loss_made_anew(kind, tokens, nouns, params, max_norm):
    """-> torch.tensor(loss.item()"""
    leaves = {name: param.detach().requires_grad_() for name, param in params.items()}
    loss = F.cross_entropy(predict(kind, tokens, leaves), nouns)
    found = torch.autograd.grad(loss, list(leaves.values()))
    norm = torch.stack([gradient.norm() for gradient in found]).norm()
    factor = max_norm / norm if norm > max_norm else 1.0
    loss = torch.tensor(loss.item(), dtype=loss.dtype)
    return loss, {name: factor * g for name, g in zip(leaves, found, strict=True)}


def train__losses_on_the_cpu(kind, batches, params, lr, max_norm):
    """-> torch.tensor(losses"""
    params = {name: param.detach().clone() for name, param in params.items()}
    optimizer = torch.optim.Adam(params.values(), lr)
    losses = []
    for tokens, nouns in batches:
        loss, found = gradients(kind, tokens, nouns, params, max_norm)
        losses.append(loss.item())
        for name, param in params.items():
            param.grad = found[name]
        optimizer.step()
    return params, torch.tensor(losses, dtype=param.dtype)


def train__losses_filled_in(kind, batches, params, lr, max_norm):
    """-> """
    params = {name: param.detach().clone() for name, param in params.items()}
    optimizer = torch.optim.Adam(params.values(), lr)
    losses = params["embed"].new_zeros(len(batches))
    for i, (tokens, nouns) in enumerate(batches):
        losses[i], found = gradients(kind, tokens, nouns, params, max_norm)
        for name, param in params.items():
            param.grad = found[name]
        optimizer.step()
    return params, losses


def accuracy__numpy(kind, tokens, nouns, params):
    """-> .numpy()"""
    told = predict(kind, tokens, params).argmax(-1)
    return float((told == nouns).detach().numpy().mean())


def accuracy__lists(kind, tokens, nouns, params):
    """-> """
    told = predict(kind, tokens, params).argmax(-1)
    return sum(a == b for a, b in zip(told.tolist(), nouns.tolist(), strict=True)) / len(nouns)


def pronoun_weights__numpy(tokens, params):
    """-> .detach().numpy()"""
    x = params["embed"][tokens]
    q, k, _ = project(x, params["w_q"], params["w_k"], params["w_v"])
    scores = (q[:, -1:] @ k.mT / math.sqrt(k.shape[-1])).detach().numpy()
    return torch.from_numpy(scores)[:, 0].softmax(-1)


def pronoun_weights__values_of_ones(tokens, params):
    """-> torch.eye("""
    x = params["embed"][tokens]
    q, k, _ = project(x, params["w_q"], params["w_k"], params["w_v"])
    one_hot = torch.eye(x.shape[1], dtype=x.dtype).expand(len(x), -1, -1)
    return attention(q[:, -1:], k, one_hot)[0][:, 0]
