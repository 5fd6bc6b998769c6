"""Written for one sentence, and mapped over all."""

import torch
from attention import attention
from self_attention import causal_mask


def positions(length, width):
    if width % 2:
        raise ValueError(width)
    rate = 10000.0 ** (-2 * torch.arange(width // 2).double() / width)

    def row(t):
        return torch.stack([torch.sin(t * rate), torch.cos(t * rate)], 1).flatten()

    return torch.vmap(row)(torch.arange(length).double())


def sentence(x, params, mask):
    y, _ = attention(x @ params["w_q"], x @ params["w_k"], x @ params["w_v"], mask)
    return y @ params["out_w"] + params["out_b"]


def next_words(tokens, params):
    length, embed = tokens.shape[1], params["embed"]
    x = embed[tokens] + positions(length, embed.shape[1]).to(embed)
    mask = causal_mask(length, x.device)
    return torch.vmap(lambda words: sentence(words, params, mask))(x)


def mean_loss(tokens, params):
    def of_one(logits, targets):
        return torch.logsumexp(logits, 0) - logits.gather(0, targets[None])[0]

    logits = next_words(tokens, params)[:, :-1].flatten(0, 1)
    return torch.vmap(of_one)(logits, tokens[:, 1:].reshape(-1)).mean()


def generate(tokens, params, count):
    if count == 0:
        return tokens
    new = next_words(tokens, params)[:, -1].argmax(1)
    return generate(torch.cat([tokens, new[:, None]], 1), params, count - 1)
