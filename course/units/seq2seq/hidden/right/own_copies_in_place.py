"""Buffers made beforehand and filled in place; sentences that are over leave the batch."""

import torch
from gates import gru_step


def weights(params, prefix):
    return [params[prefix + name] for name in ("w_x", "w_h", "b_x", "b_h")]


def encode(tokens, lengths, params):
    n, longest = tokens.shape
    width = params["enc_w_h"].shape[0]
    words = params["enc_embed"][tokens]
    states = words.new_zeros(n, longest, width)
    context = words.new_zeros(n, width)
    for t in range(longest):
        reading = (lengths > t).nonzero().flatten()
        if len(reading) == 0:
            break
        context = context.clone()
        context[reading] = gru_step(words[reading, t], context[reading], *weights(params, "enc_"))
        states[reading, t] = context[reading]
    return states, context


def decode(context, params, start, end, max_length):
    n = len(context)
    ids = torch.empty(n, max_length, dtype=torch.int64, device=context.device)
    ids[:] = end
    writing = torch.arange(n, device=context.device)
    state = context.clone()
    last = torch.empty_like(writing).fill_(start)
    length = 0
    while length < max_length and len(writing):
        x = torch.cat([params["dec_embed"][last[writing]], context[writing]], 1)
        state[writing] = gru_step(x, state[writing], *weights(params, "dec_"))
        logits = state[writing] @ params["out_w"]
        logits += params["out_b"]
        last[writing] = logits.argmax(1)
        ids[writing, length] = last[writing]
        writing = writing[last[writing] != end]
        length += 1
    return ids[:, :length]
