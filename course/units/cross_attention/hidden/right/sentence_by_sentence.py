"""Each sentence on its own, without its padding; rows after `end` are NaN, which nobody reads."""

import math

import torch
from gates import gru_step
from seq2seq import encode


def attend(state, encoder_states, mask=None):
    contexts, weights = [], []
    for i in range(state.shape[0]):
        seen = encoder_states[i] if mask is None else encoder_states[i][mask[i]]
        if len(seen) == 0:
            contexts.append(torch.zeros_like(state[i]) * state[i])
            weights.append(encoder_states[i, :, 0] * 0)
            continue
        scores = (seen @ state[i]) / math.sqrt(state.shape[1])
        w = (scores - scores.logsumexp(0)).exp()
        contexts.append(w @ seen)
        full = torch.zeros_like(encoder_states[i, :, 0])
        where = (
            torch.arange(len(full), device=full.device) if mask is None else mask[i].nonzero()[:, 0]
        )
        weights.append(full.scatter(0, where, w))
    return torch.stack(contexts), torch.stack(weights)


def decode_with_attention(tokens, lengths, params, start, end, max_length):
    written = []
    for sentence, n in zip(tokens, lengths):
        words = sentence[None, : int(n)]
        states, h = encode(words, n[None], params)
        ids, rows, word = [], [], start
        for _ in range(max_length):
            c, w = attend(h, states)
            x = torch.cat([params["dec_embed"][word][None], c], -1)
            h = gru_step(x, h, *(params["dec_" + k] for k in ("w_x", "w_h", "b_x", "b_h")))
            word = (h @ params["out_w"] + params["out_b"])[0].argmax().item()
            ids.append(word)
            rows.append(torch.nn.functional.pad(w[0], (0, len(sentence) - int(n))))
            if word == end:
                break
        written.append((ids, rows))
    longest = max(len(ids) for ids, _ in written)
    all_ids = torch.tensor([ids + [end] * (longest - len(ids)) for ids, _ in written])
    blank = torch.full_like(written[0][1][0], torch.nan)
    rows = [torch.stack(r + [blank] * (longest - len(r))) for _, r in written]
    return [all_ids.to(tokens.device), torch.stack(rows)]
