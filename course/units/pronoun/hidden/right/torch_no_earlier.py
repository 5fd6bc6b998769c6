"""No earlier unit is used: torch's own layers read the sentence."""

import torch
import torch.nn.functional as F


def _rnn(x, p):
    turned = p["w_xh"].t().contiguous(), p["w_hh"].t().contiguous()
    weights = *turned, p["b"], torch.zeros_like(p["b"])
    h = x.new_zeros(1, x.size(0), p["w_hh"].size(0))
    return torch.rnn_tanh(x, h, weights, True, 1, 0.0, True, False, True)[0][:, -1]


def _lstm(x, p):
    turned = p["w_x"].t().contiguous(), p["w_h"].t().contiguous()
    weights = *turned, p["b"], torch.zeros_like(p["b"])
    h = x.new_zeros(1, x.size(0), p["w_h"].size(0))
    return torch.lstm(x, (h, h), weights, True, 1, 0.0, True, False, True)[0][:, -1]


def _convolution(x, p):
    x = x.transpose(1, 2)
    for w, b in zip(p["w"].unbind(), p["b"].unbind(), strict=True):
        x = F.relu(F.conv1d(x, w.permute(2, 1, 0), b, padding="same"))
    return x[..., -1]


def _attention(x, p):
    query = x[:, -1:] @ p["w_q"]
    return F.scaled_dot_product_attention(query, x @ p["w_k"], x @ p["w_v"]).squeeze(1)


LAYERS = {"rnn": _rnn, "lstm": _lstm, "convolution": _convolution, "attention": _attention}


def predict(kind, tokens, params):
    last = LAYERS[kind](F.embedding(tokens, params["embed"]), params)
    return F.linear(last, params["out_w"].t(), params["out_b"])


def gradients(kind, tokens, nouns, params, max_norm):
    names = sorted(params)
    leaves = [params[name].detach().clone().requires_grad_(True) for name in names]
    log_likely = predict(kind, tokens, dict(zip(names, leaves))).log_softmax(1)
    loss = F.nll_loss(log_likely, nouns)
    found = torch.autograd.grad(loss, leaves, allow_unused=True)
    found = [torch.zeros_like(p) if g is None else g for p, g in zip(leaves, found)]
    norm = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(g) for g in found]))
    scale = (max_norm / norm).clamp(max=1.0)  # x/0 is infinity, and the smaller one counts
    return loss.detach(), {name: g * scale for name, g in zip(names, found)}


def train(kind, batches, params, lr, max_norm):
    values = {name: torch.nn.Parameter(p.clone()) for name, p in params.items()}
    adam, losses = torch.optim.Adam(values.values(), lr=lr), []
    for tokens, nouns in batches:
        loss, found = gradients(kind, tokens, nouns, values, max_norm)
        for name, p in values.items():
            p.grad = found[name]
        adam.step()
        losses += [loss]
    return values, torch.stack(losses)


def accuracy(kind, tokens, nouns, params):
    return float((predict(kind, tokens, params).max(dim=-1).indices == nouns).double().mean())


def pronoun_weights(tokens, params):
    x = params["embed"][tokens]
    scores = (x @ params["w_q"]) @ (x @ params["w_k"]).transpose(-2, -1)
    return F.softmax(scores / params["w_q"].size(1) ** 0.5, dim=-1)[:, -1]
