"""A word is a row of zeros and a one; to embed it is a product."""

import numpy as np
import torch
import torch.nn.functional as F


def positions(length, width):
    if width % 2:
        raise ValueError(width)
    t, j = np.mgrid[:length, :width]
    angles = t / np.power(10000.0, (j - j % 2) / width)
    return torch.from_numpy(np.where(j % 2 == 0, np.sin(angles), np.cos(angles)))


def rows(tokens, params):
    return F.one_hot(tokens, len(params["embed"])).to(params["embed"])


def next_words(tokens, params):
    one_hot, length = rows(tokens, params), tokens.shape[1]
    x = one_hot @ params["embed"]
    x = x + positions(length, x.shape[2]).to(x)
    # The words' part of a projection, and the positions' part, are added as they are in x.
    q, k, v = (x @ params[name] for name in ("w_q", "w_k", "w_v"))
    bias = torch.full((length, length), -torch.inf, dtype=x.dtype, device=x.device).triu(1)
    weights = torch.softmax(q @ k.transpose(1, 2) / q.shape[2] ** 0.5 + bias, 2)
    return weights @ (v @ params["out_w"]) + params["out_b"]


def mean_loss(tokens, params):
    log_p = torch.log_softmax(next_words(tokens, params)[:, :-1], -1)
    return -(log_p * rows(tokens[:, 1:], params)).sum(-1).mean()


def generate(tokens, params, count):
    t = tokens.shape[1]
    tokens = torch.cat([tokens, tokens.new_zeros(len(tokens), count)], 1)
    for i in range(t, t + count):
        # What stands at i and later is hidden from i - 1, so one length does for all.
        tokens[:, i] = next_words(tokens, params)[:, i - 1].argmax(-1)
    return tokens
