"""Wrong programs for the unit `order`, as people and language models write them."""

import math

import torch
import torch.nn.functional as F
from self_attention import self_attention


def positions__tensor2tensor(length, width):
    """All sines, then all cosines, as in the first code of the paper. -> not_interleaved"""
    if width % 2:
        raise ValueError("odd")
    rates = torch.exp(torch.arange(0, width, 2).double() * (-math.log(10000.0) / width))
    angles = torch.arange(length).double()[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def positions__cosine_first(length, width):
    """Cosines in the even columns. -> sine_and_cosine_swapped"""
    if width % 2:
        raise ValueError("odd")
    pe = torch.zeros(length, width, dtype=torch.float64)
    div = 10000 ** (torch.arange(0, width, 2).double() / width)
    pos = torch.arange(length).double()[:, None]
    pe[:, 0::2], pe[:, 1::2] = torch.cos(pos / div), torch.sin(pos / div)
    return pe


def positions__no_check(length, width):
    """An odd width goes through. -> no_error"""
    column = torch.arange(width)
    rate = 10000.0 ** ((column - column % 2).double() / width)
    angles = torch.arange(length).double()[:, None] / rate
    return torch.where(column % 2 == 0, angles.sin(), angles.cos())


def positions__each_column(length, width):
    """The exponent is made of the column itself. -> rate_by_column"""
    if width % 2:
        raise ValueError("odd")
    pe = torch.zeros(length, width, dtype=torch.float64)
    for t in range(length):
        for j in range(width):
            angle = t / 10000 ** (j / width)
            pe[t, j] = math.sin(angle) if j % 2 == 0 else math.cos(angle)
    return pe


def positions__twice_the_exponent(length, width):
    """The even column for i, and a 2 before it. -> wrong_exponent"""
    if width % 2:
        raise ValueError("odd")
    pe = torch.zeros(length, width, dtype=torch.float64)
    for t in range(length):
        for i in range(0, width, 2):
            pe[t, i] = math.sin(t / 10000 ** (2 * i / width))
            pe[t, i + 1] = math.cos(t / 10000 ** (2 * i / width))
    return pe


def positions__from_one(length, width):
    """The first word is number 1. -> positions_from_one"""
    if width % 2:
        raise ValueError("odd")
    t = torch.arange(1, length + 1).double()[:, None]
    angles = t / 10000 ** (torch.arange(0, width, 2).double() / width)
    return torch.stack([angles.sin(), angles.cos()], -1).reshape(length, width)


def positions__batch_axis(length, width):
    """An axis for the batch, ready to be added. -> extra_axes"""
    if width % 2:
        raise ValueError("odd")
    angles = torch.arange(length).double()[:, None] / 10000 ** (
        torch.arange(0, width, 2).double() / width
    )
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1).unsqueeze(0)


def next_words__no_positions(tokens, params):
    """The positions are forgotten. -> no_positions"""
    x = params["embed"][tokens]
    y = self_attention(x, params["w_q"], params["w_k"], params["w_v"], causal=True)
    return y @ params["out_w"] + params["out_b"]


def next_words__not_causal(tokens, params):
    """`causal` is left at its default. -> causal_ignored"""
    x = params["embed"][tokens]
    x = x + positions(x.shape[1], x.shape[2]).to(x)
    y = self_attention(x, params["w_q"], params["w_k"], params["w_v"])
    return y @ params["out_w"] + params["out_b"]


def next_words__times_root(tokens, params):
    """As the paper has it: embeddings times √d_model. -> words_scaled"""
    x = params["embed"][tokens] * math.sqrt(params["embed"].shape[1])
    x = x + positions(x.shape[1], x.shape[2]).to(x)
    y = self_attention(x, params["w_q"], params["w_k"], params["w_v"], causal=True)
    return y @ params["out_w"] + params["out_b"]


def next_words__probabilities(tokens, params):
    """A softmax at the end, and another one in the loss. -> softmax_at_the_end, softmax_twice"""
    x = params["embed"][tokens]
    x = x + positions(x.shape[1], x.shape[2]).to(x)
    y = self_attention(x, params["w_q"], params["w_k"], params["w_v"], causal=True)
    return torch.softmax(y @ params["out_w"] + params["out_b"], dim=-1)


def next_words__residual(tokens, params):
    """With the Transformer's residual connection where it fits. -> residual"""
    x = params["embed"][tokens]
    x = x + positions(x.shape[1], x.shape[2]).to(x)
    y = x + self_attention(x, params["w_q"], params["w_k"], params["w_v"], causal=True)
    return y @ params["out_w"] + params["out_b"]


def next_words__size_of_the_batch(tokens, params):
    """len(tokens) for the length. -> positions_of_batch"""
    x = params["embed"][tokens]
    x = x + positions(len(tokens), x.shape[2]).to(x).unsqueeze(1)
    y = self_attention(x, params["w_q"], params["w_k"], params["w_v"], causal=True)
    return y @ params["out_w"] + params["out_b"]


def next_words__in_float64(tokens, params):
    """Positions are not brought to the dtype of embed. -> wrong_dtype"""
    p = {k: v.double() for k, v in params.items()}
    x = p["embed"][tokens] + positions(tokens.shape[1], p["embed"].shape[1]).to(tokens.device)
    y = self_attention(x, p["w_q"], p["w_k"], p["w_v"], causal=True)
    return y @ p["out_w"] + p["out_b"]


def next_words__no_bias(tokens, params):
    """out_b is forgotten. -> no_output_bias"""
    x = params["embed"][tokens]
    x = x + positions(x.shape[1], x.shape[2]).to(x)
    return self_attention(x, params["w_q"], params["w_k"], params["w_v"], True) @ params["out_w"]


def next_words__last(tokens, params):
    """Only the last position, as for generating. -> last_position_only"""
    x = params["embed"][tokens]
    x = x + positions(x.shape[1], x.shape[2]).to(x)
    y = self_attention(x, params["w_q"], params["w_k"], params["w_v"], causal=True)
    return y[:, -1] @ params["out_w"] + params["out_b"]


def mean_loss__not_shifted(tokens, params):
    """Logits against the same ids. -> own_word_as_target"""
    logits = next_words(tokens, params)
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), tokens.reshape(-1))


def mean_loss__rolled(tokens, params):
    """`roll` gives the last position the first word. -> last_has_target"""
    logits = next_words(tokens, params)
    return F.cross_entropy(logits.transpose(1, 2), torch.roll(tokens, -1, dims=1))


def mean_loss__ignore_zero(tokens, params):
    """Padding of 0 is left out. -> padding_is_zero"""
    logits = next_words(tokens, params)[:, :-1]
    return F.cross_entropy(logits.transpose(1, 2), tokens[:, 1:], ignore_index=0)


def mean_loss__sum_over_time(tokens, params):
    """Summed over a sentence, averaged over the batch. -> wrong_number"""
    log_p = torch.log_softmax(next_words(tokens, params)[:, :-1], dim=-1)
    picked = log_p.gather(-1, tokens[:, 1:].unsqueeze(-1)).squeeze(-1)
    return -picked.sum(dim=1).mean()


def mean_loss__log_of_softmax(tokens, params):
    """log(softmax) is -inf where a probability is 0. -> naive_logarithm"""
    p = torch.softmax(next_words(tokens, params)[:, :-1], dim=-1)
    return -torch.log(p.gather(-1, tokens[:, 1:, None])).mean()


def mean_loss__with_epsilon(tokens, params):
    """1e-9 keeps the logarithm finite. -> epsilon"""
    p = torch.softmax(next_words(tokens, params)[:, :-1], dim=-1)
    return -torch.log(p.gather(-1, tokens[:, 1:, None]) + 1e-9).mean()


def mean_loss__softmax_given(tokens, params):
    """`cross_entropy` is given probabilities. -> softmax_twice"""
    p = torch.softmax(next_words(tokens, params)[:, :-1], dim=-1)
    return F.cross_entropy(p.flatten(0, 1), tokens[:, 1:].flatten())


def mean_loss__item(tokens, params):
    """A Python number. -> no_tensor"""
    logits = next_words(tokens, params)[:, :-1]
    return F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).item()


def mean_loss__wrong_way(tokens, params):
    """Shifted the wrong way. -> previous_word_as_target"""
    logits = next_words(tokens, params)[:, 1:]
    return F.cross_entropy(logits.flatten(0, 1), tokens[:, :-1].flatten())


def mean_loss__one_by_one(tokens, params):
    """The mean of the sentences' losses is not taken. -> not_one_number"""
    logits = next_words(tokens, params)[:, :-1]
    losses = F.cross_entropy(logits.transpose(1, 2), tokens[:, 1:], reduction="none")
    return losses.mean(dim=1)


def generate__only_new(tokens, params, count):
    """Only the new words are returned. -> beginning_left_out"""
    start = tokens.shape[1]
    for _ in range(count):
        logits = next_words(tokens, params)[:, -1]
        tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], dim=1)
    return tokens[:, start:]


def generate__same_logits(tokens, params, count):
    """The pass is made once, before the loop. -> not_read"""
    logits = next_words(tokens, params)[:, -1]
    for _ in range(count):
        tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], dim=1)
    return tokens


def generate__last_word(tokens, params, count):
    """Only the newest word goes in, as into a recurrent network. -> last_word_read_alone"""
    for _ in range(count):
        logits = next_words(tokens[:, -1:], params)[:, -1]
        tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], dim=1)
    return tokens


def generate__until(tokens, params, count):
    """Until there are `count` words. -> count_is_length"""
    while tokens.shape[1] < count:
        logits = next_words(tokens, params)[:, -1]
        tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], dim=1)
    return tokens


def generate__one_more(tokens, params, count):
    """range(count + 1). -> off_by_one"""
    for _ in range(count + 1):
        logits = next_words(tokens, params)[:, -1]
        tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], dim=1)
    return tokens


def generate__first_logits(tokens, params, count):
    """[:, 0] for [:, -1]. -> first_position"""
    for _ in range(count):
        logits = next_words(tokens, params)[:, 0]
        tokens = torch.cat([tokens, logits.argmax(-1, keepdim=True)], dim=1)
    return tokens


def generate__sorted(tokens, params, count):
    """The last of a stable ascending sort. -> highest_id"""
    for _ in range(count):
        order = torch.sort(next_words(tokens, params)[:, -1], dim=-1, stable=True).indices
        tokens = torch.cat([tokens, order[:, -1:]], dim=1)
    return tokens


def generate__cache_without_places(tokens, params, count):
    """Keys and values are kept, but each new word stands at position 0. -> positions_restart"""
    embed = params["embed"]
    x = embed[tokens] + positions(tokens.shape[1], embed.shape[1]).to(embed)
    k, v = x @ params["w_k"], x @ params["w_v"]
    for _ in range(count):
        q = x[:, -1:] @ params["w_q"]
        y = torch.softmax(q @ k.mT / math.sqrt(q.shape[-1]), -1) @ v
        new = (y @ params["out_w"] + params["out_b"]).argmax(-1)
        tokens = torch.cat([tokens, new], 1)
        x = embed[new] + positions(1, embed.shape[1]).to(embed)
        k, v = torch.cat([k, x @ params["w_k"]], 1), torch.cat([v, x @ params["w_v"]], 1)
    return tokens


def generate__first_all_then_one(tokens, params, count):
    """After the beginning each word written is read alone. -> last_word_read_alone"""
    ids = last = tokens
    for _ in range(count):
        last = next_words(last, params)[:, -1].argmax(-1, keepdim=True)
        ids = torch.cat([ids, last], dim=1)
    return ids


def mean_loss__reshaped(tokens, params):
    """Words and positions are exchanged by reshape. -> reshaped_not_transposed"""
    logits = next_words(tokens, params)[:, :-1]
    n, length, words = logits.shape
    return F.cross_entropy(logits.reshape(n, words, length), tokens[:, 1:])


def positions__exponent_twice_by_column(length, width):
    """i counts columns by twos, and the exponent is 2i/D all the same. -> rate_by_column"""
    if width % 2:
        raise ValueError("odd")
    pe = torch.zeros(length, width, dtype=torch.float64)
    for t in range(length):
        for i in range(0, width, 2):
            pe[t, i] = math.sin(t / 10000 ** (2 * i / width))
            pe[t, i + 1] = math.cos(t / 10000 ** (2 * (i + 1) / width))
    return pe


def next_words__residual_where_it_fits(tokens, params):
    """The words are added to the attention's output where that is as wide. -> residual"""
    x = params["embed"][tokens]
    x = x + positions(tokens.shape[1], x.shape[-1]).to(x)
    y = self_attention(x, params["w_q"], params["w_k"], params["w_v"], causal=True)
    if y.shape == x.shape:
        y = y + x
    return y @ params["out_w"] + params["out_b"]
