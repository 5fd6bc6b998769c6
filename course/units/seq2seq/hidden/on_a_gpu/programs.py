"""What a GPU would refuse in the unit `seq2seq`, and what it would not: see `attention`."""

import torch
from gates import gru_step


def encode__a_state_on_the_cpu(tokens, lengths, params):
    """-> torch.zeros(len(tokens)"""
    words = params["enc_embed"][tokens]
    weights = [params[f"enc_{name}"] for name in ("w_x", "w_h", "b_x", "b_h")]
    state = torch.zeros(len(tokens), weights[1].shape[0], dtype=words.dtype)
    states = []
    for t in range(tokens.shape[1]):
        state = gru_step(words[:, t], state, *weights)
        states.append(state)
    stacked = torch.stack(states, 1)
    return stacked, stacked[torch.arange(len(tokens)), lengths - 1]


def encode__sentences_on_the_cpu(tokens, lengths, params):
    """An index may be on the CPU. ->"""
    words = params["enc_embed"][tokens]
    weights = [params[f"enc_{name}"] for name in ("w_x", "w_h", "b_x", "b_h")]
    state = words.new_zeros(len(tokens), weights[1].shape[0])
    states = []
    for t in range(tokens.shape[1]):
        state = gru_step(words[:, t], state, *weights)
        states.append(state)
    stacked = torch.stack(states, 1)
    return stacked, stacked[torch.arange(len(tokens)), (lengths - 1).cpu()]


def encode__words_of_a_layer(tokens, lengths, params):
    """-> table(tokens)"""
    embed = params["enc_embed"]
    table = torch.nn.Embedding(*embed.shape, dtype=embed.dtype)
    words = table(tokens)
    weights = [params[f"enc_{name}"] for name in ("w_x", "w_h", "b_x", "b_h")]
    state = words.new_zeros(len(tokens), weights[1].shape[0])
    states = [state := gru_step(words[:, t], state, *weights) for t in range(tokens.shape[1])]
    stacked = torch.stack(states, 1)
    return stacked, stacked[torch.arange(len(tokens)), lengths - 1]


def decode__ended_on_the_cpu(context, params, start, end, max_length):
    """-> torch.zeros(len(context), dtype=torch.bool)"""
    weights = [params[f"dec_{name}"] for name in ("w_x", "w_h", "b_x", "b_h")]
    state, token, ids = context, context.new_full((len(context),), start, dtype=torch.long), []
    ended = torch.zeros(len(context), dtype=torch.bool)
    while len(ids) < max_length and not ended.all():
        state = gru_step(torch.cat([params["dec_embed"][token], context], -1), state, *weights)
        token = (state @ params["out_w"] + params["out_b"]).argmax(-1).masked_fill(ended, end)
        ended = token == end
        ids.append(token)
    return torch.stack(ids, 1)


def decode__words_by_lists(context, params, start, end, max_length):
    """-> torch.tensor([i.tolist()"""
    weights = [params[f"dec_{name}"] for name in ("w_x", "w_h", "b_x", "b_h")]
    state, token, ids = context, context.new_full((len(context),), start, dtype=torch.long), []
    ended = torch.zeros_like(token, dtype=torch.bool)
    while len(ids) < max_length and not ended.all():
        state = gru_step(torch.cat([params["dec_embed"][token], context], -1), state, *weights)
        token = (state @ params["out_w"] + params["out_b"]).argmax(-1).masked_fill(ended, end)
        ended = token == end
        ids.append(token)
    return torch.tensor([i.tolist() for i in ids]).T


def decode__ids_into_a_buffer(context, params, start, end, max_length):
    """-> torch.full((len(context), max_length)"""
    weights = [params[f"dec_{name}"] for name in ("w_x", "w_h", "b_x", "b_h")]
    state, token = context, context.new_full((len(context),), start, dtype=torch.long)
    ended = torch.zeros_like(token, dtype=torch.bool)
    ids = torch.full((len(context), max_length), end)
    for step in range(max_length):
        state = gru_step(torch.cat([params["dec_embed"][token], context], -1), state, *weights)
        token = (state @ params["out_w"] + params["out_b"]).argmax(-1).masked_fill(ended, end)
        ended = token == end
        ids[:, step] = token
        if ended.all():
            break
    return ids[:, : step + 1]
