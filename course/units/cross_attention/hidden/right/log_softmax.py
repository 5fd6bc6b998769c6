"""torch.nn.functional's log_softmax and embedding; broadcast products; lists of columns."""

import torch
import torch.nn.functional as F
from gates import gru_step
from seq2seq import encode


def attend(state, encoder_states, mask=None):
    logits = torch.sum(encoder_states * state.unsqueeze(1), dim=2).mul(state.size(1) ** -0.5)
    if mask is not None:
        bias = torch.zeros_like(logits).masked_fill(~mask, torch.finfo(logits.dtype).min)
        logits = logits * mask + bias
    weights = F.log_softmax(logits, dim=1).exp()
    if mask is not None:
        weights = weights.mul(mask)
    return torch.einsum("nt,nth->nh", weights, encoder_states), weights


def decode_with_attention(tokens, lengths, params, start, end, max_length):
    get = params.__getitem__
    states, h = encode(tokens, lengths, params)
    mask = lengths.view(-1, 1) > torch.arange(tokens.size(1), device=tokens.device)
    sentence = [torch.full_like(tokens[:, 0], start)]
    looks = []
    while len(looks) < max_length:
        context, weights = attend(h, states, mask)
        word = F.embedding(sentence[-1], get("dec_embed"))
        h = gru_step(torch.cat([word, context], -1), h, *map(get, "dec_w_x dec_w_h dec_b_x dec_b_h".split()))
        likeliest = F.linear(h, get("out_w").T, get("out_b")).argmax(-1)
        if len(sentence) > 1:
            ended = (torch.stack(sentence[1:]) == end).any(0)
            likeliest = torch.where(ended, end, likeliest)
        sentence.append(likeliest)
        looks.append(weights)
        if (torch.stack(sentence[1:]) == end).any(0).all():
            break
    return tuple(torch.stack(columns, 1) for columns in (sentence[1:], looks))
