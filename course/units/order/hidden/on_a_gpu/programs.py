"""What a GPU would refuse in the unit `order`, and what it would not: see `attention`."""

import numpy as np
import torch
import torch.nn.functional as F
from self_attention import project, self_attention


def next_words__positions_left_behind(tokens, params):
    """-> t = torch.arange(length)"""
    x = params["embed"][tokens] + positions(tokens.shape[1], params["embed"].shape[1])
    y = self_attention(x, params["w_q"], params["w_k"], params["w_v"], causal=True)
    return y @ params["out_w"] + params["out_b"]


def next_words__the_dtype_alone(tokens, params):
    """-> t = torch.arange(length)"""
    embed = params["embed"]
    table = positions(tokens.shape[1], embed.shape[1])
    table = table.to(embed.dtype)
    y = self_attention(embed[tokens] + table, *(params[n] for n in ("w_q", "w_k", "w_v")), True)
    return y @ params["out_w"] + params["out_b"]


def next_words__a_mask_on_the_cpu(tokens, params):
    """-> torch.tril(torch.ones("""
    embed, length = params["embed"], tokens.shape[1]
    x = embed[tokens] + positions(length, embed.shape[1]).to(embed)
    q, k, v = project(x, params["w_q"], params["w_k"], params["w_v"])
    seen = torch.tril(torch.ones(length, length, dtype=torch.bool))
    weights = torch.softmax((q @ k.mT / q.shape[-1] ** 0.5).masked_fill(~seen, -torch.inf), -1)
    return weights @ v @ params["out_w"] + params["out_b"]


def next_words__numpy(tokens, params):
    """-> tokens.numpy()"""
    embed = params["embed"]
    ids = tokens.numpy()
    x = torch.stack([embed[torch.from_numpy(row)] for row in ids])
    x = x + positions(tokens.shape[1], embed.shape[1]).to(embed)
    y = self_attention(x, params["w_q"], params["w_k"], params["w_v"], causal=True)
    return y @ params["out_w"] + params["out_b"]


def next_words__cuda_by_name(tokens, params):
    """-> .cuda()"""
    embed = params["embed"]
    table = positions(tokens.shape[1], embed.shape[1]).to(embed.dtype)
    table = table.cuda() if embed.device.type != "cpu" else table
    y = self_attention(embed[tokens] + table, *(params[n] for n in ("w_q", "w_k", "w_v")), True)
    return y @ params["out_w"] + params["out_b"]


def next_words__an_index_on_the_cpu(tokens, params):
    """CUDA takes an index that is on the CPU. ->"""
    embed = params["embed"]
    table = positions(tokens.shape[1], embed.shape[1]).to(embed)
    x = embed[tokens] + table[torch.arange(tokens.shape[1])]
    y = self_attention(x, params["w_q"], params["w_k"], params["w_v"], causal=True)
    return y @ params["out_w"] + params["out_b"]


def mean_loss__a_total_on_the_cpu(tokens, params):
    """-> torch.zeros(tokens.shape[1] - 1"""
    logits = next_words(tokens, params)
    losses = torch.zeros(tokens.shape[1] - 1, dtype=logits.dtype)
    for logit, target in zip(logits, tokens):
        losses = losses + F.cross_entropy(logit[:-1], target[1:], reduction="none")
    return losses.mean() / len(tokens)


def mean_loss__numpy(tokens, params):
    """-> np.log("""
    p = next_words(tokens, params)[:, :-1].softmax(-1).gather(2, tokens[:, 1:, None])
    return -torch.as_tensor(np.log(p)).mean()


def mean_loss__a_start_of_nothing(tokens, params):
    """CUDA takes a tensor of shape () from the CPU. ->"""
    logits, total = next_words(tokens, params), torch.zeros((), dtype=params["embed"].dtype)
    for logit, target in zip(logits, tokens):
        total = total + F.cross_entropy(logit[:-1], target[1:])
    return total / len(tokens)


def generate__a_buffer(tokens, params, count):
    """-> torch.zeros(len(tokens)"""
    t = tokens.shape[1]
    written = torch.zeros(len(tokens), t + count, dtype=torch.int64)
    written[:, :t] = tokens
    for i in range(t, t + count):
        written[:, i] = next_words(written[:, :i], params)[:, -1].argmax(-1)
    return written


def generate__a_list(tokens, params, count):
    """-> torch.tensor([[i]"""
    for _ in range(count):
        best = next_words(tokens, params)[:, -1].argmax(-1).tolist()
        tokens = torch.cat([tokens, torch.tensor([[i] for i in best])], 1)
    return tokens
