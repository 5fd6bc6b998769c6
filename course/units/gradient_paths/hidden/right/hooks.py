"""Each word is a tensor of its own, and a hook notes what flows back to it."""

import functools

import torch
from gates import lstm_step
from rnn import rnn_step
from self_attention import self_attention


def gradient_by_distance(kind, x, params):
    norms = torch.zeros(x.shape[1], dtype=x.dtype, device=x.device)
    words = []
    for t, word in enumerate(x.detach().split(1, dim=1)):
        word = word.squeeze(1).clone().requires_grad_(True)

        def note(gradient, t=t):
            norms[t] = gradient.detach().pow(2).sum().pow(0.5)

        word.register_hook(note)
        words.append(word)
    if kind == "attention":
        out = self_attention(torch.stack(words, dim=1), params["w_q"], params["w_k"], params["w_v"])
        out = out[:, -1]
    elif kind == "rnn":
        out = functools.reduce(
            lambda h, word: rnn_step(word, h, params["w_xh"], params["w_hh"], params["b"]),
            words,
            x.new_zeros(len(x), len(params["w_hh"])),
        )
    else:
        zeros = x.new_zeros(len(x), len(params["w_h"]))
        out, _ = functools.reduce(
            lambda hc, word: lstm_step(word, *hc, params["w_x"], params["w_h"], params["b"]),
            words,
            (zeros, zeros),
        )
    torch.autograd.backward([out.sum()], inputs=words)
    return norms
