"""Wrong programs for the unit `cross_attention`, as people and language models write them."""

import math

import torch
from attention import attention
from cross_attention import attend
from gates import gru_step
from seq2seq import encode


def attend__unscaled(state, encoder_states, mask=None):
    """Luong's dot product, not divided by √H. -> no_scale"""
    scores = (encoder_states @ state[:, :, None]).squeeze(-1)
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, -1)
    if mask is not None:
        weights = weights.masked_fill(~mask, 0)
    return (weights[:, None] @ encoder_states).squeeze(1), weights


def attend__minus_inf(state, encoder_states, mask=None):
    """NaN where all words are hidden. -> empty_row_nan"""
    H = state.shape[-1]
    scores = torch.einsum("nh,nth->nt", state, encoder_states) / math.sqrt(H)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = torch.softmax(scores, dim=-1)
    return torch.einsum("nt,nth->nh", weights, encoder_states), weights


def attend__1e9(state, encoder_states, mask=None):
    """Uniform where all words are hidden, and too much for float16. -> empty_row_uniform, fill_overflows"""
    H = state.shape[-1]
    scores = torch.einsum("nh,nth->nt", state, encoder_states) / math.sqrt(H)
    if mask is not None:
        scores = scores.masked_fill(mask == 0, -1e9)
    weights = torch.softmax(scores, dim=-1)
    return torch.einsum("nt,nth->nh", weights, encoder_states), weights


def attend__inverted(state, encoder_states, mask=None):
    """True is taken for hidden. -> mask_inverted, empty_row_uniform, fill_overflows"""
    H = state.shape[-1]
    scores = torch.einsum("nh,nth->nt", state, encoder_states) / math.sqrt(H)
    if mask is not None:
        scores = scores.masked_fill(mask, -1e9)
    weights = torch.softmax(scores, dim=-1)
    return torch.einsum("nt,nth->nh", weights, encoder_states), weights


def attend__over_batch(state, encoder_states, mask=None):
    """The softmax runs over the sentences. -> wrong_axis"""
    H = state.shape[-1]
    scores = torch.einsum("nh,nth->nt", state, encoder_states) / math.sqrt(H)
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, dim=0)
    if mask is not None:
        weights = weights * mask
    return torch.einsum("nt,nth->nh", weights, encoder_states), weights


def attend__not_squeezed(state, encoder_states, mask=None):
    """The axis of one query stays. -> query_axis_kept"""
    m = None if mask is None else mask[:, None]
    return attention(state[:, None], encoder_states, encoder_states, m)


def attend__squeezed_all(state, encoder_states, mask=None):
    """`squeeze()` without an axis loses a batch of one as well. -> squeezed"""
    m = None if mask is None else mask[:, None]
    context, weights = attention(state[:, None], encoder_states, encoder_states, m)
    return context.squeeze(), weights.squeeze()


def attend__mask_not_unsqueezed(state, encoder_states, mask=None):
    """The mask (N, T) meets scores (N, 1, T). -> mask_without_axis"""
    context, weights = attention(state[:, None], encoder_states, encoder_states, mask)
    return context.squeeze(1), weights.squeeze(1)


def attend__pair_swapped(state, encoder_states, mask=None):
    """(weights, context). -> results_swapped"""
    m = None if mask is None else mask[:, None]
    context, weights = attention(state[:, None], encoder_states, encoder_states, m)
    return weights.squeeze(1), context.squeeze(1)


def attend__mask_ignored(state, encoder_states, mask=None):
    """The mask is not used. -> mask_ignored, padding_seen"""
    context, weights = attention(state[:, None], encoder_states, encoder_states)
    return context.squeeze(1), weights.squeeze(1)


def attend__no_query_axis(state, encoder_states, mask=None):
    """All states are queries to all sentences. -> no_query_axis"""
    m = None if mask is None else mask[:, None]
    context, weights = attention(state, encoder_states, encoder_states, m)
    return context, weights


def attend__by_length(state, encoder_states, mask=None):
    """Scaled by the root of the number of words. -> scale_by_length"""
    scores = torch.einsum("nh,nth->nt", state, encoder_states) / encoder_states.shape[1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, dim=-1)
    if mask is not None:
        weights = weights * mask
    return torch.einsum("nt,nth->nh", weights, encoder_states), weights


def attend__masked_after(state, encoder_states, mask=None):
    """The mask is multiplied after the softmax. -> mask_after_softmax"""
    scores = torch.einsum("nh,nth->nt", state, encoder_states) / state.shape[-1] ** 0.5
    weights = torch.softmax(scores, dim=-1)
    if mask is not None:
        weights = weights * mask
    return torch.einsum("nt,nth->nh", weights, encoder_states), weights


def attend__zero_score(state, encoder_states, mask=None):
    """Hidden scores become 0. -> fill_zero"""
    scores = torch.einsum("nh,nth->nt", state, encoder_states) / state.shape[-1] ** 0.5
    if mask is not None:
        scores = scores * mask
    weights = torch.softmax(scores, dim=-1)
    return torch.einsum("nt,nth->nh", weights, encoder_states), weights


def decode_with_attention__fixed_context(tokens, lengths, params, start, end, max_length):
    """The context is made once, before the loop. -> context_not_renewed"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    states, h = encode(tokens, lengths, params)
    mask = torch.arange(tokens.shape[1]) < lengths[:, None]
    token = torch.full((len(tokens),), start)
    done = torch.zeros(len(tokens), dtype=torch.bool)
    context, a = attend(h, states, mask)
    ids, rows = [], []
    for _ in range(max_length):
        h = gru_step(torch.cat([params["dec_embed"][token], context], 1), h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        ids.append(token)
        rows.append(a)
        if done.all():
            break
    return torch.stack(ids, 1), torch.stack(rows, 1)


def decode_with_attention__no_mask(tokens, lengths, params, start, end, max_length):
    """Padding is not hidden. -> padding_seen, mask_ignored"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    states, h = encode(tokens, lengths, params)
    token = torch.full((len(tokens),), start)
    done = torch.zeros(len(tokens), dtype=torch.bool)
    ids, rows = [], []
    for _ in range(max_length):
        context, a = attend(h, states)
        h = gru_step(torch.cat([params["dec_embed"][token], context], 1), h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        ids.append(token)
        rows.append(a)
        if done.all():
            break
    return torch.stack(ids, 1), torch.stack(rows, 1)


def decode_with_attention__after_step(tokens, lengths, params, start, end, max_length):
    """Luong: the query is the state after the step, the context of the step before is the input. -> query_after_step"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    states, h = encode(tokens, lengths, params)
    mask = torch.arange(tokens.shape[1]) < lengths[:, None]
    token = torch.full((len(tokens),), start)
    done = torch.zeros(len(tokens), dtype=torch.bool)
    context = torch.zeros_like(h)
    ids, rows = [], []
    for _ in range(max_length):
        h = gru_step(torch.cat([params["dec_embed"][token], context], 1), h, *w)
        context, a = attend(h, states, mask)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        ids.append(token)
        rows.append(a)
        if done.all():
            break
    return torch.stack(ids, 1), torch.stack(rows, 1)


def decode_with_attention__mask_of_zeros(tokens, lengths, params, start, end, max_length):
    """The id 0 is taken for padding. -> padding_is_zero"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    states, h = encode(tokens, lengths, params)
    mask = tokens != 0
    token = torch.full((len(tokens),), start)
    done = torch.zeros(len(tokens), dtype=torch.bool)
    ids, rows = [], []
    for _ in range(max_length):
        context, a = attend(h, states, mask)
        h = gru_step(torch.cat([params["dec_embed"][token], context], 1), h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        ids.append(token)
        rows.append(a)
        if done.all():
            break
    return torch.stack(ids, 1), torch.stack(rows, 1)


def decode_with_attention__mask_one_more(tokens, lengths, params, start, end, max_length):
    """One padding word is seen: <= in place of <. -> padding_seen"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    states, h = encode(tokens, lengths, params)
    mask = torch.arange(tokens.shape[1])[None] <= lengths[:, None]
    token = torch.full((len(tokens),), start)
    done = torch.zeros(len(tokens), dtype=torch.bool)
    ids, rows = [], []
    for _ in range(max_length):
        context, a = attend(h, states, mask)
        h = gru_step(torch.cat([params["dec_embed"][token], context], 1), h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        ids.append(token)
        rows.append(a)
        if done.all():
            break
    return torch.stack(ids, 1), torch.stack(rows, 1)


def decode_with_attention__initial_query(tokens, lengths, params, start, end, max_length):
    """The query is always the encoder's last state. -> context_not_renewed"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    states, first = encode(tokens, lengths, params)
    h = first
    mask = torch.arange(tokens.shape[1]) < lengths[:, None]
    token = torch.full((len(tokens),), start)
    done = torch.zeros(len(tokens), dtype=torch.bool)
    ids, rows = [], []
    for _ in range(max_length):
        context, a = attend(first, states, mask)
        h = gru_step(torch.cat([params["dec_embed"][token], context], 1), h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        ids.append(token)
        rows.append(a)
        if done.all():
            break
    return torch.stack(ids, 1), torch.stack(rows, 1)


def decode_with_attention__stack_first(tokens, lengths, params, start, end, max_length):
    """Steps are the first axis of both results. -> steps_first"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    states, h = encode(tokens, lengths, params)
    mask = torch.arange(tokens.shape[1]) < lengths[:, None]
    token = torch.full((len(tokens),), start)
    done = torch.zeros(len(tokens), dtype=torch.bool)
    ids, rows = [], []
    for _ in range(max_length):
        context, a = attend(h, states, mask)
        h = gru_step(torch.cat([params["dec_embed"][token], context], 1), h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        ids.append(token)
        rows.append(a)
        if done.all():
            break
    return torch.stack(ids), torch.stack(rows)


def decode_with_attention__ids_only(tokens, lengths, params, start, end, max_length):
    """Only the ids are returned. -> alignment_missing"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    states, h = encode(tokens, lengths, params)
    mask = torch.arange(tokens.shape[1]) < lengths[:, None]
    token = torch.full((len(tokens),), start)
    done = torch.zeros(len(tokens), dtype=torch.bool)
    ids = []
    for _ in range(max_length):
        context, _ = attend(h, states, mask)
        h = gru_step(torch.cat([params["dec_embed"][token], context], 1), h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        ids.append(token)
        if done.all():
            break
    return torch.stack(ids, 1)


def decode_with_attention__not_filled(tokens, lengths, params, start, end, max_length):
    """A sentence that has ended writes on. -> end_not_filled"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    states, h = encode(tokens, lengths, params)
    mask = torch.arange(tokens.shape[1]) < lengths[:, None]
    token = torch.full((len(tokens),), start)
    done = torch.zeros(len(tokens), dtype=torch.bool)
    ids, rows = [], []
    for _ in range(max_length):
        context, a = attend(h, states, mask)
        h = gru_step(torch.cat([params["dec_embed"][token], context], 1), h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        done = done | (token == end)
        ids.append(token)
        rows.append(a)
        if done.all():
            break
    return torch.stack(ids, 1), torch.stack(rows, 1)


def decode_with_attention__zero_state(tokens, lengths, params, start, end, max_length):
    """The decoder starts from zeros. -> zero_state"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    states, h = encode(tokens, lengths, params)
    h = torch.zeros_like(h)
    mask = torch.arange(tokens.shape[1]) < lengths[:, None]
    token = torch.full((len(tokens),), start)
    done = torch.zeros(len(tokens), dtype=torch.bool)
    ids, rows = [], []
    for _ in range(max_length):
        context, a = attend(h, states, mask)
        h = gru_step(torch.cat([params["dec_embed"][token], context], 1), h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        ids.append(token)
        rows.append(a)
        if done.all():
            break
    return torch.stack(ids, 1), torch.stack(rows, 1)


def decode_with_attention__context_first(tokens, lengths, params, start, end, max_length):
    """The context stands before the embedding. -> input_order"""
    w = [params["dec_" + n] for n in ("w_x", "w_h", "b_x", "b_h")]
    states, h = encode(tokens, lengths, params)
    mask = torch.arange(tokens.shape[1]) < lengths[:, None]
    token = torch.full((len(tokens),), start)
    done = torch.zeros(len(tokens), dtype=torch.bool)
    ids, rows = [], []
    for _ in range(max_length):
        context, a = attend(h, states, mask)
        h = gru_step(torch.cat([context, params["dec_embed"][token]], 1), h, *w)
        token = (h @ params["out_w"] + params["out_b"]).argmax(-1)
        token = torch.where(done, end, token)
        done = done | (token == end)
        ids.append(token)
        rows.append(a)
        if done.all():
            break
    return torch.stack(ids, 1), torch.stack(rows, 1)


def attend__matmul(state, encoder_states, mask=None):
    """`state @ keys` is (N, N, T), and of it the first row is taken. -> first_query"""
    scores = (state @ encoder_states.transpose(1, 2))[:, 0] / math.sqrt(state.shape[1])
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = torch.softmax(scores, -1)
    weights = weights if mask is None else weights * mask
    return (weights[:, None] @ encoder_states)[:, 0], weights


def attend__key_padding_mask(state, encoder_states, mask=None):
    """True is taken for padding; what handles empty rows is right. -> mask_inverted"""
    hidden = None if mask is None else ~mask[:, None]
    context, weights = attention(state[:, None], encoder_states, encoder_states, hidden)
    return context[:, 0], weights[:, 0]


def attend__cosine(state, encoder_states, mask=None):
    """The cosine for the scaled dot product. -> cosine"""
    scores = torch.cosine_similarity(state[:, None], encoder_states, dim=-1)
    if mask is None:
        mask = torch.ones_like(scores, dtype=torch.bool)
    weights = torch.softmax(scores.masked_fill(~mask, torch.finfo(scores.dtype).min), -1) * mask
    return torch.einsum("nt,nth->nh", weights, encoder_states), weights
