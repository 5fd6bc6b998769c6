"""bmm, a softmax by hand, a class, a named tuple."""

from collections import namedtuple

import torch
from gates import gru_step
from seq2seq import encode

Seen = namedtuple("Seen", ["context", "weights"])
Decoded = namedtuple("Decoded", ["ids", "alignment"])


def attend(state, encoder_states, mask=None):
    scores = torch.bmm(encoder_states * state.shape[-1] ** -0.5, state.unsqueeze(-1)).squeeze(-1)
    if mask is None:
        mask = torch.ones_like(scores, dtype=torch.bool)
    lowest = torch.finfo(scores.dtype).min
    top = torch.where(mask, scores, lowest).max(-1, keepdim=True).values.detach()
    e = torch.where(mask, (torch.where(mask, scores, top) - top).exp(), 0.0)
    total = e.sum(-1, keepdim=True)
    weights = e / torch.where(total > 0, total, 1.0)
    return Seen(torch.bmm(weights.unsqueeze(1), encoder_states).squeeze(1), weights)


class Decoder:
    def __init__(self, states, mask, params):
        self.states, self.mask, self.params = states, mask, params
        self.weights = [params["dec_" + name] for name in ("w_x", "w_h", "b_x", "b_h")]

    def __call__(self, word, h):
        seen = attend(h, self.states, self.mask)
        h = gru_step(torch.cat([self.params["dec_embed"][word], seen.context], 1), h, *self.weights)
        return torch.addmm(self.params["out_b"], h, self.params["out_w"]).argmax(1), h, seen.weights


def decode_with_attention(tokens, lengths, params, start, end, max_length):
    states, h = encode(tokens, lengths, params)
    places = torch.arange(tokens.shape[1], device=tokens.device)
    decoder = Decoder(states, places[None].lt(lengths[:, None]), params)
    ids = tokens.new_full((len(tokens), 1), start)
    rows, over = [], torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)
    for _ in range(max_length):
        word, h, row = decoder(ids[:, -1], h)
        ids = torch.cat([ids, torch.where(over, end, word)[:, None]], 1)
        rows.append(row)
        over |= word == end
        if over.all():
            break
    return Decoded(ids[:, 1:], torch.stack(rows, 1))
