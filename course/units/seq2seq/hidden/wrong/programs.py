"""Wrong programs for the unit `seq2seq`, as people and language models write them."""

import torch
from gates import gru_step


def encode__last_column(tokens, lengths, params):
    """The context is the state at the last position, padding or not. -> last_padded_state"""
    x = params["enc_embed"][tokens]
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h = torch.zeros(len(tokens), w[1].shape[0], dtype=x.dtype)
    states = []
    for t in range(tokens.shape[1]):
        h = gru_step(x[:, t], h, *w)
        states.append(h)
    return torch.stack(states, 1), h


def encode__no_minus_one(tokens, lengths, params):
    """The state one after the last word. -> off_by_one"""
    x = params["enc_embed"][tokens]
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h = torch.zeros(len(tokens), w[1].shape[0], dtype=x.dtype)
    states = []
    for t in range(tokens.shape[1]):
        h = gru_step(x[:, t], h, *w)
        states.append(h)
    states = torch.stack(states, 1)
    return states, states[torch.arange(len(tokens)), lengths]


def encode__mean(tokens, lengths, params):
    """The context is the mean of the states. -> mean_of_states"""
    x = params["enc_embed"][tokens]
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h = torch.zeros(len(tokens), w[1].shape[0], dtype=x.dtype)
    states = []
    for t in range(tokens.shape[1]):
        h = gru_step(x[:, t], h, *w)
        states.append(h)
    states = torch.stack(states, 1)
    return states, states.mean(1)


def encode__time_first(tokens, lengths, params):
    """The states stand time first. -> wrong_axis"""
    x = params["enc_embed"][tokens]
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h = torch.zeros(len(tokens), w[1].shape[0], dtype=x.dtype)
    states = []
    for t in range(tokens.shape[1]):
        h = gru_step(x[:, t], h, *w)
        states.append(h)
    states = torch.stack(states)
    return states, states[lengths - 1, torch.arange(len(tokens))]


def encode__slice(tokens, lengths, params):
    """`[:, lengths - 1]` takes every pair of sentence and length. -> all_pairs"""
    x = params["enc_embed"][tokens]
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h = torch.zeros(len(tokens), w[1].shape[0], dtype=x.dtype)
    states = []
    for t in range(tokens.shape[1]):
        h = gru_step(x[:, t], h, *w)
        states.append(h)
    states = torch.stack(states, 1)
    return states, states[:, lengths - 1]


def encode__biases_swapped(tokens, lengths, params):
    """b_x and b_h are swapped. -> biases_swapped"""
    x = params["enc_embed"][tokens]
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_h", "b_x")]
    h = torch.zeros(len(tokens), w[1].shape[0], dtype=x.dtype)
    states = []
    for t in range(tokens.shape[1]):
        h = gru_step(x[:, t], h, *w)
        states.append(h)
    states = torch.stack(states, 1)
    return states, states[torch.arange(len(tokens)), lengths - 1]


def encode__padding_is_0(tokens, lengths, params):
    """The id 0 is taken for padding, lengths are not used. -> padding_is_zero"""
    x = params["enc_embed"][tokens]
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h = torch.zeros(len(tokens), w[1].shape[0], dtype=x.dtype)
    states = []
    for t in range(tokens.shape[1]):
        new = gru_step(x[:, t], h, *w)
        h = torch.where((tokens[:, t] != 0)[:, None], new, h)
        states.append(h)
    return torch.stack(states, 1), h


def encode__sorted(tokens, lengths, params):
    """The batch is sorted by length and never unsorted. -> batch_sorted"""
    lengths, order = lengths.sort(descending=True)
    x = params["enc_embed"][tokens[order]]
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h = torch.zeros(len(tokens), w[1].shape[0], dtype=x.dtype)
    states = []
    for t in range(tokens.shape[1]):
        h = gru_step(x[:, t], h, *w)
        states.append(h)
    states = torch.stack(states, 1)
    return states, states[torch.arange(len(tokens)), lengths - 1]


def encode__ones(tokens, lengths, params):
    """The first state is ones. -> first_state_ones"""
    x = params["enc_embed"][tokens]
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h = torch.ones(len(tokens), w[1].shape[0], dtype=x.dtype)
    states = []
    for t in range(tokens.shape[1]):
        h = gru_step(x[:, t], h, *w)
        states.append(h)
    states = torch.stack(states, 1)
    return states, states[torch.arange(len(tokens)), lengths - 1]


def encode__float32(tokens, lengths, params):
    """The first state is float32 whatever the parameters are. -> mixed_dtypes"""
    x = params["enc_embed"][tokens]
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h = torch.zeros(len(tokens), w[1].shape[0])
    states = []
    for t in range(tokens.shape[1]):
        h = gru_step(x[:, t], h, *w)
        states.append(h)
    states = torch.stack(states, 1)
    return states, states[torch.arange(len(tokens)), lengths - 1]


def encode__context_only(tokens, lengths, params):
    """Only the context is returned. -> context_only"""
    x = params["enc_embed"][tokens]
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h = torch.zeros(len(tokens), w[1].shape[0], dtype=x.dtype)
    states = []
    for t in range(tokens.shape[1]):
        h = gru_step(x[:, t], h, *w)
        states.append(h)
    states = torch.stack(states, 1)
    return states[torch.arange(len(tokens)), lengths - 1]


def encode__as_pad_packed(tokens, lengths, params):
    """The states end with the longest sentence: no total_length. -> shorter_than_the_batch"""
    x = params["enc_embed"][tokens]
    h = x.new_zeros(x.shape[0], params["enc_w_h"].shape[0])
    states = []
    for t in range(int(lengths.max())):
        new = gru_step(x[:, t], h, *(params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")))
        h = torch.where((t < lengths)[:, None], new, h)
        states.append(h)
    return torch.stack(states, 1), h


def decode__no_context(context, params, start, end, max_length):
    """The context is not given at every step: zeros stand in its place. -> no_context"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = context, torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = []
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][token], torch.zeros_like(context)], 1)
        h = gru_step(x, h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token[done] = end
        done |= token == end
        out.append(token)
        if done.all():
            break
    return torch.stack(out, 1)


def decode__embedding_alone(context, params, start, end, max_length):
    """Only the embedding is the input. -> embedding_alone"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = context, torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = []
    for _ in range(max_length):
        h = gru_step(params["dec_embed"][token], h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token[done] = end
        done |= token == end
        out.append(token)
        if done.all():
            break
    return torch.stack(out, 1)


def decode__context_first(context, params, start, end, max_length):
    """The context stands before the embedding. -> input_order"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = context, torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = []
    for _ in range(max_length):
        x = torch.cat([context, params["dec_embed"][token]], 1)
        h = gru_step(x, h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token[done] = end
        done |= token == end
        out.append(token)
        if done.all():
            break
    return torch.stack(out, 1)


def decode__not_filled(context, params, start, end, max_length):
    """A sentence that has ended writes on. -> end_not_filled"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = context, torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = []
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][token], context], 1)
        h = gru_step(x, h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        done |= token == end
        out.append(token)
        if done.all():
            break
    return torch.stack(out, 1)


def decode__stops_at_first(context, params, start, end, max_length):
    """Stops as soon as one sentence has ended. -> stops_too_early"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = context, torch.full((N,), start)
    out = []
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][token], context], 1)
        h = gru_step(x, h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        out.append(token)
        if (token == end).any():
            break
    return torch.stack(out, 1)


def decode__never_stops(context, params, start, end, max_length):
    """Always max_length words. -> never_stops"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = context, torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = []
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][token], context], 1)
        h = gru_step(x, h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        out.append(token)
    return torch.stack(out, 1)


def decode__filled_with_zero(context, params, start, end, max_length):
    """Filled with 0 in place of `end`. -> end_not_filled"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = context, torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = []
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][token], context], 1)
        h = gru_step(x, h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, 0, token)
        out.append(token)
        done = done | (token == end)
        if done.all():
            break
    return torch.stack(out, 1)


def decode__with_start(context, params, start, end, max_length):
    """`start` is among the ids. -> start_included"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = context, torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = [token]
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][token], context], 1)
        h = gru_step(x, h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        out.append(token)
        if done.all():
            break
    return torch.stack(out, 1)


def decode__if_on_batch(context, params, start, end, max_length):
    """`if token == end` of a whole batch. -> one_of_a_batch"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h, token = context, torch.full((context.shape[0],), start)
    out = []
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][token], context], 1)
        h = gru_step(x, h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        out.append(token)
        if token == end:
            break
    return torch.stack(out, 1)


def decode__start_again(context, params, start, end, max_length):
    """`start` is embedded at every step. -> word_not_fed_back"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, first = context, torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = []
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][first], context], 1)
        h = gru_step(x, h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        out.append(token)
        if done.all():
            break
    return torch.stack(out, 1)


def decode__state_of_zeros(context, params, start, end, max_length):
    """The state starts from zeros. -> zero_state"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = torch.zeros_like(context), torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = []
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][token], context], 1)
        h = gru_step(x, h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        out.append(token)
        if done.all():
            break
    return torch.stack(out, 1)


def decode__no_out_bias(context, params, start, end, max_length):
    """out_b is forgotten. -> no_output_bias"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = context, torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = []
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][token], context], 1)
        h = gru_step(x, h, *w)
        token = (h @ params["out_w"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        out.append(token)
        if done.all():
            break
    return torch.stack(out, 1)


def decode__logits_before(context, params, start, end, max_length):
    """The logits are made of the state before the step. -> logits_before_step"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = context, torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = []
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][token], context], 1)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        h = gru_step(x, h, *w)
        token = torch.where(done, end, token)
        done = done | (token == end)
        out.append(token)
        if done.all():
            break
    return torch.stack(out, 1)


def decode__enc_embed(context, params, start, end, max_length):
    """The source's embedding is used. -> wrong_parameters"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = context, torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = []
    for _ in range(max_length):
        x = torch.cat([params["enc_embed"][token], context], 1)
        h = gru_step(x, h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        out.append(token)
        if done.all():
            break
    return torch.stack(out, 1)


def decode__sampled(context, params, start, end, max_length):
    """Words are drawn, not the likeliest taken. -> random"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = context, torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = []
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][token], context], 1)
        h = gru_step(x, h, *w)
        logits = h @ params["out_w"] + params["out_b"]
        token = torch.multinomial(torch.softmax(logits, -1), 1).squeeze(1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        out.append(token)
        if done.all():
            break
    return torch.stack(out, 1)


def decode__end_left_out(context, params, start, end, max_length):
    """The last `end` is left out. -> end_left_out"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    N = context.shape[0]
    h, token = context, torch.full((N,), start)
    done = torch.zeros(N, dtype=torch.bool)
    out = []
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][token], context], 1)
        h = gru_step(x, h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        if done.all():
            break
        out.append(token)
    return torch.stack(out, 1)


def decode__item(context, params, start, end, max_length):
    """`token.item()` of a whole batch. -> one_number_of_many"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h, token, out = context, torch.full((context.shape[0],), start), []
    while len(out) < max_length:
        h = gru_step(torch.cat([params["dec_embed"][token], context], 1), h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        out.append(token)
        if token.item() == end:
            break
    return torch.stack(out, 1)


def encode__lengths_by_nonzero_ids(tokens, lengths, params):
    """Lengths are counted anew, 0 taken for padding. -> padding_is_zero"""
    lengths = (tokens != 0).sum(dim=1)
    words = params["enc_embed"][tokens]
    h = words.new_zeros(len(words), params["enc_w_h"].shape[0])
    states = []
    for t in range(words.shape[1]):
        h = gru_step(words[:, t], h, *[params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")])
        states.append(h)
    states = torch.stack(states, dim=1)
    return states, states[torch.arange(len(states)), lengths - 1]


def encode__held_one_step_late(tokens, lengths, params):
    """The state is held after the end, from one word too late. -> off_by_one"""
    words = params["enc_embed"][tokens]
    h = words.new_zeros(len(words), params["enc_w_h"].shape[0])
    states = []
    for t in range(words.shape[1]):
        new = gru_step(words[:, t], h, *[params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")])
        h = torch.where((t <= lengths)[:, None], new, h)
        states.append(h)
    return torch.stack(states, dim=1), h


def decode__all_at_this_step(context, params, start, end, max_length):
    """Stops only where all sentences end at one step. -> ends_forgotten"""
    state = context
    word = torch.full((len(context),), start, device=context.device)
    ids = []
    for _ in range(max_length):
        x = torch.cat([params["dec_embed"][word], context], dim=-1)
        state = gru_step(x, state, *[params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")])
        word = (state @ params["out_w"] + params["out_b"]).argmax(-1)
        ids.append(word)
        if (word == end).all():
            break
    return torch.stack(ids, dim=1)


def encode__last_column_of_zeros(tokens, lengths, params):
    """Padding is read as the word 0, and the context is the state behind it. -> last_padded_state"""
    own = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
    words = params["enc_embed"][tokens * own]
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h = words.new_zeros(len(tokens), w[1].shape[0])
    states = []
    for word in words.unbind(1):
        h = gru_step(word, h, *w)
        states.append(h)
    states = torch.stack(states, dim=1)
    return states, states[:, -1]


def encode__zeros_held(tokens, lengths, params):
    """Padding becomes the word 0, and no word 0 changes the state. -> padding_is_zero"""
    own = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
    tokens = torch.where(own, tokens, 0)
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h = params["enc_embed"].new_zeros(len(tokens), w[1].shape[0])
    states = []
    for ids in tokens.unbind(1):
        h = torch.where((ids != 0)[:, None], gru_step(params["enc_embed"][ids], h, *w), h)
        states.append(h)
    return torch.stack(states, dim=1), h


def encode__one_word_on(tokens, lengths, params):
    """The context is the state one word on, where there is one. -> off_by_one"""
    own = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
    words = params["enc_embed"][tokens * own]
    w = [params["enc_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    h = words.new_zeros(len(tokens), w[1].shape[0])
    states = []
    for word in words.unbind(1):
        h = gru_step(word, h, *w)
        states.append(h)
    states = torch.stack(states, dim=1)
    last = lengths.clamp(max=tokens.shape[1] - 1)
    return states, states[torch.arange(len(tokens), device=tokens.device), last]
