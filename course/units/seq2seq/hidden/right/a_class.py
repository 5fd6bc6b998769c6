import torch
from gates import gru_step


class Side:
    def __init__(self, params, side):
        self.embed = params[side + "_embed"]
        self.gru = [params[f"{side}_{n}"] for n in "w_x w_h b_x b_h".split()]

    def step(self, x, h):
        return gru_step(x, h, *self.gru)


def encode(tokens, lengths, params):
    side = Side(params, "enc")
    h = side.embed.new_zeros(tokens.shape[0], side.gru[1].shape[0])
    states, context = [], torch.zeros_like(h)
    for t in range(tokens.shape[1]):
        h = side.step(side.embed.index_select(0, tokens[:, t]), h)
        states += [h]
        context = torch.where((lengths == t + 1)[:, None], h, context)
    return torch.stack(states, 1), context


def decode(context, params, start, end, max_length):
    side, h = Side(params, "dec"), context
    written = context.new_full((len(context), 1), start, dtype=torch.long)
    while written.shape[1] <= max_length:
        h = side.step(torch.cat((side.embed[written[:, -1]], context), 1), h)
        word = (h @ params["out_w"] + params["out_b"]).argmax(1, keepdim=True)
        over = (written[:, 1:] == end).any(1, keepdim=True)
        if over.all():
            break
        written = torch.cat((written, word.masked_fill(over, end)), 1)
    return written[:, 1:]
