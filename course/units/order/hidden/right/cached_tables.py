"""Tables and masks are kept by their sizes; results never are."""

import functools

import torch
import torch.nn.functional as F
from attention import attention


@functools.lru_cache(maxsize=None)
def _table(length, width):
    t, i = torch.arange(length)[:, None], torch.arange(0, width, 2)[None, :]
    angles = t.double() / torch.pow(10000.0, i.double() / width)
    return torch.stack((torch.sin(angles), torch.cos(angles)), 2).flatten(1)


@functools.lru_cache(maxsize=None)
def _mask(length, device):
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


def positions(length, width):
    if width & 1:
        raise ValueError(f"{width} is odd")
    return _table(length, width).clone()


def next_words(tokens, params):
    t, d = tokens.shape[1], params["embed"].shape[1]
    x = params["embed"].index_select(0, tokens.flatten()).view(*tokens.shape, d)
    x = torch.add(x, _table(t, d).to(x))
    qkv = (x @ params[name] for name in ["w_q", "w_k", "w_v"])
    y, _ = attention(*qkv, mask=_mask(t, str(x.device)))
    return torch.add(y @ params["out_w"], params["out_b"])


def mean_loss(tokens, params):
    logits = next_words(tokens, params)
    targets = tokens.roll(-1, 1)
    targets[:, -1] = -100  # what cross_entropy leaves out
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def generate(tokens, params, count):
    for _ in range(count):
        best, word = next_words(tokens, params)[:, -1].max(dim=-1, keepdim=True)
        tokens = torch.hstack([tokens, word])
    return tokens
