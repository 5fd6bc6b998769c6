"""The truth for the units `seq2seq` and `cross_attention`, and networks for which it is clear.

Greedy decoding takes the likeliest word. Where two words are about as likely, rounding decides, so
networks are drawn until the likeliest word leads by MARGIN wherever it is written.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch

from autograder.draw import Draw
from autograder.isolation import GraderError

MARGIN = 1e-2  # of logits of a few units; float32 errs by about 1e-5
NAMES = (  # in the order that a gradient's names come in
    "enc_embed enc_w_x enc_w_h enc_b_x enc_b_h "
    "dec_embed dec_w_x dec_w_h dec_b_x dec_b_h out_w out_b"
).split()
PAD, START, END = 0, 0, 1  # of the shipped vocabularies

Params = dict[str, torch.Tensor]
Look = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor | None]]


class Sizes(NamedTuple):
    """Sentences, words in the longest, both vocabularies, widths of a word and of a state."""

    n: int
    t: int
    v_src: int
    v_tgt: int
    e: int
    h: int


class Written(NamedTuple):
    """What a decoder writes.

    ids: (N, L). alive: (N, L), False after a sentence's `end`. margins: (N, L), by how much the
    likeliest word leads, infinite after `end`. alignment: (N, L, T), if the decoder looks back.
    """

    ids: torch.Tensor
    alive: torch.Tensor
    margins: torch.Tensor
    alignment: torch.Tensor | None


def network(draw: Draw, sizes: Sizes, dtype: torch.dtype = torch.float64) -> Params:
    """Random parameters, large enough for what is written to depend on all that it should."""
    _, _, v_src, v_tgt, e, h = sizes
    params = {
        "enc_embed": draw.normal(v_src, e),
        "enc_w_x": 1.5 * draw.weight(e, 3 * h),
        "enc_w_h": 1.5 * draw.weight(h, 3 * h),
        "enc_b_x": draw.normal(3 * h, std=0.5),
        "enc_b_h": draw.normal(3 * h, std=0.5),
        "dec_embed": draw.normal(v_tgt, e),
        "dec_w_x": 3 * draw.weight(e + h, 3 * h),
        "dec_w_h": 3 * draw.weight(h, 3 * h),
        "dec_b_x": draw.normal(3 * h, std=0.5),
        "dec_b_h": draw.normal(3 * h, std=0.5),
        "out_w": 4 * draw.weight(h, v_tgt),
        "out_b": draw.normal(v_tgt, std=0.5),
    }
    return {name: tensor.to(dtype) for name, tensor in params.items()}


def sentences(draw: Draw, sizes: Sizes) -> tuple[torch.Tensor, torch.Tensor]:
    """Random ids, padding too, and lengths: the first sentence is as long as any may be."""
    lengths = draw.integers(1, sizes.t + 1, sizes.n)
    lengths[0] = sizes.t
    if sizes.n > 1 and sizes.t > 1:
        lengths[1] = draw.integer(1, sizes.t)  # and the second is shorter
    return draw.integers(0, sizes.v_src, sizes.n, sizes.t), lengths


def visible(tokens: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """(N, T), True at a sentence's own words."""
    return torch.arange(tokens.shape[1]) < lengths[:, None]


def in_float64(params: Params) -> Params:
    """The same numbers, in which the truth is computed."""
    return {name: tensor.double() for name, tensor in params.items()}


def encode64(tokens: torch.Tensor, lengths: torch.Tensor, params: Params) -> tuple[torch.Tensor, ...]:
    """torch's own GRU layer, and of its states each sentence's last."""
    w_x, w_h, b_x, b_h = (params[f"enc_{name}"] for name in ("w_x", "w_h", "b_x", "b_h"))
    words = params["enc_embed"][tokens]  # (N, T, E)
    zeros = words.new_zeros(1, len(tokens), len(w_h))
    layer = (w_x.T, w_h.T, b_x, b_h)
    states = torch.gru(words, zeros, layer, True, 1, 0.0, False, False, True)[0]  # (N, T, H)
    return states, torch.stack([states[i, n - 1] for i, n in enumerate(lengths.tolist())])


def attend64(
    state: torch.Tensor, encoder_states: torch.Tensor, mask: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Exponentials of the visible words over their sum; a sentence without any gets zeros."""
    scores = torch.einsum("nh,nth->nt", state, encoder_states) / state.shape[1] ** 0.5
    exponentials = (scores - scores.amax(1, keepdim=True)).exp()  # (N, T)
    if mask is not None:
        exponentials = exponentials * mask
    total = exponentials.sum(1, keepdim=True)
    weights = exponentials / total.masked_fill(total == 0, 1)
    return torch.einsum("nt,nth->nh", weights, encoder_states), weights


def write64(
    state: torch.Tensor, look: Look, params: Params, start: int, end: int, max_length: int
) -> Written:
    """Write max_length words of every sentence with torch's own GRU cell, then cut at `end`.

    look: from the state before a step to the context of the step, and the weights if any.
    """
    w_x, w_h, b_x, b_h = (params[f"dec_{name}"] for name in ("w_x", "w_h", "b_x", "b_h"))
    token = torch.full((len(state),), start)
    ids, margins, rows = [], [], []
    for _ in range(max_length):
        context, weights = look(state)
        x = torch.cat([params["dec_embed"][token], context], 1)  # (N, E+H)
        state = torch.gru_cell(x, state, w_x.T, w_h.T, b_x, b_h)
        best = (state @ params["out_w"] + params["out_b"]).topk(2, 1)  # (N, 2)
        token = best.indices[:, 0]
        ids.append(token)
        margins.append(best.values[:, 0] - best.values[:, 1])
        rows.append(weights)
    written = torch.stack(ids, 1)
    ends = (written == end).int()
    alive = ends.cumsum(1) - ends == 0  # no `end` before it
    length = int(alive.any(0).sum())
    lead = torch.stack(margins, 1).masked_fill(~alive, torch.inf)
    alignment = None if rows[0] is None else torch.stack(rows, 1)[:, :length]
    written = written.masked_fill(~alive, end)
    return Written(written[:, :length], alive[:, :length], lead[:, :length], alignment)


def decode64(
    context: torch.Tensor, params: Params, start: int, end: int, max_length: int
) -> Written:
    """From the context alone."""
    return write64(context, lambda _: (context, None), params, start, end, max_length)


def decode_with_attention64(
    tokens: torch.Tensor,
    lengths: torch.Tensor,
    params: Params,
    start: int,
    end: int,
    max_length: int,
) -> Written:
    """Looking back at the encoder's states at every step."""
    states, last = encode64(tokens, lengths, params)
    mask = visible(tokens, lengths)
    look = lambda state: attend64(state, states, mask)  # noqa: E731
    return write64(last, look, params, start, end, max_length)


def first_clear(run: Callable[[], tuple[tuple, Callable[[int], Written], str]]) -> tuple:
    """Placeholder."""
    raise NotImplementedError


# When the sentences end, of those that a network writes: from their lengths and the longest.
ENDINGS: dict[str, Callable[[list[int], int], bool]] = {
    "never": lambda lengths, most: min(lengths) > most,
    "some": lambda lengths, most: min(lengths) < most - 1 and max(lengths) > most,
    "all": lambda lengths, most: min(lengths) < max(lengths) < most,
}
