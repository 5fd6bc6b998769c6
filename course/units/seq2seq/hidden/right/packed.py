"""torch's own layer on packed sentences; ids in a tensor made beforehand, cut at the end."""

import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


def encode(tokens, lengths, params):
    words = torch.nn.functional.embedding(tokens, params["enc_embed"])
    packed = pack_padded_sequence(words, lengths.cpu(), batch_first=True, enforce_sorted=False)
    w_x, w_h = params["enc_w_x"], params["enc_w_h"]
    first = words.new_zeros(1, words.size(0), w_h.size(0))
    flat = [w_x.t().contiguous(), w_h.t().contiguous(), params["enc_b_x"], params["enc_b_h"]]
    data, last = torch.gru(packed.data, packed.batch_sizes, first, flat, True, 1, 0.0, True, False)
    output = PackedSequence(
        data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices
    )
    states, _ = pad_packed_sequence(output, batch_first=True, total_length=tokens.size(1))
    return states, last[0][packed.unsorted_indices]


@torch.no_grad()
def decode(context, params, start, end, max_length):
    n = context.size(0)
    ids = torch.full((n, max_length), end, dtype=torch.long, device=context.device)
    word = torch.full((n,), start, dtype=torch.long, device=context.device)
    alive = torch.ones(n, dtype=torch.bool, device=context.device)
    h, used = context.clone(), 0
    for t in range(max_length):
        x = torch.cat((params["dec_embed"].index_select(0, word), context), 1)
        h = torch.gru_cell(
            x,
            h,
            params["dec_w_x"].t(),
            params["dec_w_h"].t(),
            params["dec_b_x"],
            params["dec_b_h"],
        )
        word = torch.addmm(params["out_b"], h, params["out_w"]).max(1).indices
        ids[alive, t] = word[alive]
        alive &= word != end
        used += 1
        if not alive.any():
            break
    return ids[:, :used]
