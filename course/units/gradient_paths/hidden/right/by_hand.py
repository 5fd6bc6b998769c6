"""No autograd at all: the chain rule, written out for each of the three."""

import torch


def rnn_gradient(x, w_xh, w_hh, b):
    h, states = x.new_zeros(x.shape[0], w_hh.shape[0]), []
    for word in x.unbind(1):
        h = torch.tanh(word @ w_xh + h @ w_hh + b)
        states.append(h)
    back, gradients = torch.ones_like(h), []
    for h in reversed(states):
        inside = back * (1 - h * h)
        gradients.append(inside @ w_xh.T)
        back = inside @ w_hh.T
    return torch.stack(gradients[::-1], 1)


def lstm_gradient(x, w_x, w_h, b):
    h = c = x.new_zeros(x.shape[0], w_h.shape[0])
    steps = []
    for word in x.unbind(1):
        i, f, g, o = (word @ w_x + h @ w_h + b).chunk(4, 1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        old, c = c, f * c + i * g
        h = o * c.tanh()
        steps.append((i, f, g, o, old, c.tanh()))
    to_h, to_c, gradients = torch.ones_like(h), torch.zeros_like(h), []
    for i, f, g, o, old, shown in reversed(steps):
        to_c = to_c + to_h * o * (1 - shown**2)
        gates = torch.cat(
            [
                to_c * g * i * (1 - i),
                to_c * old * f * (1 - f),
                to_c * i * (1 - g**2),
                to_h * shown * o * (1 - o),
            ],
            1,
        )
        gradients.append(gates @ w_x.T)
        to_h, to_c = gates @ w_h.T, to_c * f
    return torch.stack(gradients[::-1], 1)


def attention_gradient(x, w_q, w_k, w_v):
    q, k, v = x[:, -1] @ w_q, x @ w_k, x @ w_v  # the last query alone
    root = w_q.shape[1] ** 0.5
    weights = torch.softmax(torch.einsum("nd,ntd->nt", q, k) / root, 1)
    value = v.sum(-1)  # what a unit of weight adds to the sum
    logit = weights * (value - (weights * value).sum(1, keepdim=True)) / root
    to_v = weights[..., None] * w_v.sum(1)
    to_k = torch.einsum("nt,nd,ed->nte", logit, q, w_k)
    gradient = to_v + to_k
    gradient[:, -1] += torch.einsum("nt,ntd,ed->ne", logit, k, w_q)
    return gradient


def gradient_by_distance(kind, x, params):
    of = {"rnn": rnn_gradient, "lstm": lstm_gradient, "attention": attention_gradient}[kind]
    gradient = of(x.detach(), **{name: w.detach() for name, w in params.items()})
    return torch.einsum("ntd,ntd->t", gradient, gradient).sqrt()
