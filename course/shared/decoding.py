"""The truth for the units `seq2seq` and `cross_attention`, and networks for which it is clear.

Greedy decoding takes the likeliest word. Where two words are about as likely, rounding decides, so
networks are drawn until the likeliest word leads by MARGIN wherever it is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

from autograder.core.errors import GraderError
from autograder.testing.inputs import Draw

TRIES = 1000  # few are needed
BATCHES = 16
NUDGE = {torch.float64: 1e-9, torch.float32: 1e-5}  # relative; rounding errs by far less
MARGIN = 1e-2  # of logits of a few units; float32 errs by about 1e-5
NAMES = (  # in the order that a gradient's names come in
    "enc_embed enc_w_x enc_w_h enc_b_x enc_b_h "
    "dec_embed dec_w_x dec_w_h dec_b_x dec_b_h out_w out_b"
).split()
PAD, START, END = 0, 0, 1  # of the shipped vocabularies
LENGTHS = torch.arange(2, 13, 2)  # of words to copy

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


@dataclass(frozen=True)
class Written:
    """What a decoder writes.

    ids: (N, L). margins: (N, L), by how much the likeliest word leads. alive: (N, L), False after
    a sentence's `end`. alignment: (N, L, T), if the decoder looks back; zeros after `end`.
    """

    ids: torch.Tensor
    margins: torch.Tensor
    alive: torch.Tensor
    alignment: torch.Tensor | None = None

    def __getitem__(self, index: Any) -> Written:
        """Some of the sentences, or of their steps."""
        rows = None if self.alignment is None else self.alignment[index]
        return Written(self.ids[index], self.margins[index], self.alive[index], rows)

    def cut(self, end: int) -> Written:
        """Fill each sentence with `end` after its first, and stop where all have ended."""
        ends = (self.ids == end).int()
        alive = ends.cumsum(1) - ends == 0  # no `end` before it
        rows = self.alignment
        if rows is not None:
            rows = rows.masked_fill(~alive[..., None], 0)
        whole = Written(self.ids.masked_fill(~alive, end), self.margins, alive, rows)
        return whole[:, : int(alive.any(0).sum())]

    @property
    def clear(self) -> torch.Tensor:
        """(N,), True where no word that was written is one that rounding decides on."""
        return (self.margins > MARGIN).logical_or(~self.alive).all(1)


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


def plain(draw: Draw, sizes: Sizes, dtype: torch.dtype = torch.float64) -> Params:
    """Parameters as they often begin: biases of zero, some zeros and ones among the others."""
    params = network(draw, sizes, dtype)
    for tensor in params.values():
        if tensor.ndim == 1:
            tensor.zero_()
        else:
            tensor.view(-1)[::5] = 0
            tensor.view(-1)[1::5] = 1
    return params


def far(
    draw: Draw, sizes: Sizes, dtype: torch.dtype = torch.float64, factor: float = 1e12
) -> Params:
    """Very large embeddings that meet very small weights, so that all keeps its size."""
    params = network(draw, sizes, dtype)
    for side in ("enc", "dec"):
        params[f"{side}_embed"] *= factor
        params[f"{side}_w_x"][: sizes.e] /= factor
    return params


def near(draw: Draw, sizes: Sizes, dtype: torch.dtype = torch.float64) -> Params:
    """Very small embeddings that meet very large weights."""
    return far(draw, sizes, dtype, 1e-12)


def remembering(draw: Draw, sizes: Sizes, dtype: torch.dtype = torch.float64) -> Params:
    """An encoder whose last state still depends on the first of hundreds of words.

    And a decoder whose words are so clear that hundreds of them are drawn at once.
    """
    params = network(draw, sizes, dtype)
    params["enc_b_x"][sizes.h : 2 * sizes.h] += 6  # the update gate, which keeps the old state
    for name in ("out_w", "out_b"):
        params[name] *= 1000
    return params


def sentences(draw: Draw, sizes: Sizes, batches: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    """Random ids (batches · N, T), padding too, and lengths: a batch's first sentence is full."""
    lengths = draw.integers(1, sizes.t + 1, batches, sizes.n)
    lengths[:, 0] = sizes.t
    if sizes.n > 1 and sizes.t > 1:
        lengths[:, 1] = draw.integers(1, sizes.t, batches)  # and the second is shorter
    return draw.integers(0, sizes.v_src, batches * sizes.n, sizes.t), lengths.flatten()


def transposed(params: Params) -> Params:
    """The same numbers with other strides."""
    return {
        name: torch.stack([tensor, tensor], -1)[..., 0]
        if tensor.ndim == 1
        else tensor.mT.contiguous().mT
        for name, tensor in params.items()
    }


def visible(tokens: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """(N, T), True at a sentence's own words."""
    return torch.arange(tokens.shape[1]) < lengths[:, None]


def in_float64(params: Params) -> Params:
    """The same numbers, in which the truth is computed."""
    return {name: tensor.double() for name, tensor in params.items()}


def encode64(
    tokens: torch.Tensor, lengths: torch.Tensor, params: Params
) -> tuple[torch.Tensor, ...]:
    """torch's own GRU layer, and of its states each sentence's last."""
    w_x, w_h, b_x, b_h = (params[f"enc_{name}"] for name in ("w_x", "w_h", "b_x", "b_h"))
    words = params["enc_embed"][tokens]  # (N, T, E)
    zeros = words.new_zeros(1, len(tokens), len(w_h))
    layer = (w_x.T, w_h.T, b_x, b_h)
    states = torch.gru(words, zeros, layer, True, 1, 0.0, False, False, True)[0]  # (N, T, H)
    last = (lengths - 1)[:, None, None].expand(-1, 1, len(w_h))
    return states, states.gather(1, last)[:, 0]


def attend64(
    state: torch.Tensor, encoder_states: torch.Tensor, mask: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Exponentials of the visible words over their sum; a sentence without any gets zeros."""
    scores = torch.bmm(encoder_states, state[..., None])[..., 0] / state.shape[1] ** 0.5  # (N, T)
    mask = torch.ones_like(scores, dtype=torch.bool) if mask is None else mask
    seen = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    exponentials = (seen - seen.amax(1, keepdim=True)).exp() * mask  # (N, T)
    total = exponentials.sum(1, keepdim=True)
    weights = exponentials / total.masked_fill(total == 0, 1)
    return torch.bmm(weights[:, None], encoder_states)[:, 0], weights


def write64(state: torch.Tensor, look: Look, params: Params, start: int, steps: int) -> Written:
    """Write on and on with torch's own GRU cell, whatever `end` may be.

    look: from the state before a step to the context of the step, and the weights if any.
    """
    w_x, w_h, b_x, b_h = (params[f"dec_{name}"] for name in ("w_x", "w_h", "b_x", "b_h"))
    cell = (w_x.T, w_h.T, b_x, b_h)
    token = torch.full((len(state),), start)
    ids, margins, rows = [], [], []
    for _ in range(steps):
        context, weights = look(state)
        x = torch.cat([params["dec_embed"][token], context], 1)  # (N, E+H)
        state = torch.gru_cell(x, state, *cell)
        best = (state @ params["out_w"] + params["out_b"]).topk(2, 1)  # (N, 2)
        token = best.indices[:, 0]
        ids.append(token)
        margins.append(best.values[:, 0] - best.values[:, 1])
        rows.append(weights)
    written = torch.stack(ids, 1)
    alignment = None if rows[0] is None else torch.stack(rows, 1)
    return Written(written, torch.stack(margins, 1), torch.ones_like(written).bool(), alignment)


def decode64(context: torch.Tensor, params: Params, start: int, steps: int) -> Written:
    """From the context alone."""
    return write64(context, lambda _: (context, None), params, start, steps)


def decode_with_attention64(
    tokens: torch.Tensor, lengths: torch.Tensor, params: Params, start: int, steps: int
) -> Written:
    """Looking back at the encoder's states at every step."""
    states, last = encode64(tokens, lengths, params)
    mask = visible(tokens, lengths)
    return write64(last, lambda state: attend64(state, states, mask), params, start, steps)


def never(lengths: list[int], longest: int) -> bool:
    """No sentence ends within the longest that may be written."""
    return min(lengths) > longest


def some(lengths: list[int], longest: int) -> bool:
    """One sentence ends well before the longest, and one does not end."""
    return min(lengths) < longest - 1 and max(lengths) > longest


def all_end(lengths: list[int], longest: int) -> bool:
    """All sentences end before the longest, and not all at once."""
    return max(lengths) < longest and (len(lengths) == 1 or min(lengths) < max(lengths))


def drawn(
    draw: Draw,
    sizes: Sizes,
    inputs: Callable[[Draw, Sizes, int], Sequence[torch.Tensor]],
    truth: Callable[..., Written],
    ending: Callable[[list[int], int], bool],
    longest: int,
    dtype: torch.dtype = torch.float64,
    make: Callable[..., Params] = network,
) -> tuple[list[Any], Written]:
    """Arguments of a decoder, [*inputs, params, start, end, longest], and what it must write.

    They are drawn until the sentences end as asked for, and no word is one that rounding decides.
    make: draws the parameters.
    """
    n = sizes.n
    for _ in range(TRIES):
        # Many batches at once cost little more than one.
        first = [_to(tensor, dtype) for tensor in inputs(draw, sizes, BATCHES)]
        params, start = make(draw, sizes, dtype), draw.integer(0, sizes.v_tgt)
        exact = [_to(tensor, torch.float64) for tensor in first]
        free = truth(*exact, in_float64(params), start, longest)
        for end, rows in fitting(free, draw.permutation(sizes.v_tgt), n, ending, longest):
            if end != start:
                args = [*(x[rows].clone() for x in first), params, start, end, longest]
                written = free[rows].cut(end)
                if steady(draw, args, truth, written):
                    return args, written
    raise GraderError(f"no clear network was found in {TRIES} draws")


def steady(
    draw: Draw, args: Sequence[Any], truth: Callable[..., Written], written: Written
) -> bool:
    """Whether other numbers, much nearer than rounding may bring them, are written as the same.

    A decoder feeds on what it wrote: over a hundred steps some networks let an error grow until it
    decides on a word, though each word was clear.
    """
    *inputs, params, start, end, longest = args
    dtype = params["out_w"].dtype
    nearby = {
        name: tensor.double() * (1 + NUDGE[dtype] * draw.normal(*tensor.shape))
        for name, tensor in params.items()
    }
    exact = [_to(tensor, torch.float64) for tensor in inputs]
    again = truth(*exact, nearby, start, longest).cut(end)
    return torch.equal(again.ids, written.ids) and bool(again.clear.all())


def fitting(
    free: Written,
    ends: torch.Tensor,
    n: int,
    ending: Callable[[list[int], int], bool],
    longest: int,
) -> Iterator[tuple[int, slice]]:
    """Each end, and with it each n sentences in a row, for which what is written tells a mistake.

    It is clear, ends as asked for, and has three different words at least, if as many at all.
    ends: (V,), a permutation of the vocabulary. They are all tried at once, in batches of n: one
    after another takes most of a unit's time.
    """
    found = (free.ids == ends[:, None, None]).int()  # (V, batches · n, L)
    alive = found.cumsum(2) - found == 0  # no `end` before it
    clear = (free.margins > MARGIN).logical_or(~alive).all(2)  # (V, batches · n)
    lengths = alive.sum(2) + (found == 0).all(2)  # one more than L where there is no end
    words = free.ids.where(alive, ends[:, None, None]).unflatten(1, (-1, n))  # (V, batches, n, L)
    different = F.one_hot(words, len(ends)).amax((2, 3)).sum(2)  # (V, batches)
    at_all = n * alive.unflatten(1, (-1, n)).any(2).sum(2)
    good = clear.unflatten(1, (-1, n)).all(2) & (different >= at_all.clamp(max=3))
    batches = lengths.unflatten(1, (-1, n)).tolist()
    for i, batch in good.nonzero().tolist():
        if ending(batches[i][batch], longest):
            yield int(ends[i]), slice(batch * n, batch * n + n)


def _to(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Of this dtype, unless it holds integers."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


@cache
def parameters(name: str) -> Params:
    """The shipped parameters, which course/train.py makes. They are shared: do not change them."""
    try:
        from safetensors.torch import load
    except ImportError as error:
        raise GraderError("safetensors is missing. Run: pip install safetensors") from error
    return load(_shipped(f"{name}.safetensors"))


@cache
def translations() -> tuple[torch.Tensor, torch.Tensor]:
    """The sentences that the shipped networks translate, as ids and lengths."""
    vocabulary = json.loads(_shipped("vocabulary.json"))["translate"]
    rows = [
        [vocabulary["source"].index(word) for word in sentence.split()]
        for sentence in vocabulary["sentences"]
    ]
    lengths = torch.tensor([len(row) for row in rows])
    longest = int(lengths.max())
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows]), lengths


def aligned(tokens: torch.Tensor, ids: object, alignment: object) -> dict[str, Any]:
    """A picture of what a student's decoder wrote, and which words of a sentence it looked at."""
    vocabulary = json.loads(_shipped("vocabulary.json"))["translate"]
    known = dict(enumerate(vocabulary["target"]))
    written = ids.tolist() if isinstance(ids, torch.Tensor) and ids.ndim == 1 else []
    return {
        "values": alignment,
        "rows": [known.get(i, "?") for i in written],
        "columns": [vocabulary["source"][i] for i in tokens.tolist()],
    }


def to_copy(draw: Draw, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Random words of the given lengths, and what copying them writes: (N, T), (N, T+1)."""
    longest = int(lengths.max())
    letters = draw.integers(0, 26, len(lengths), longest)
    own = torch.arange(longest) < lengths[:, None]  # (N, T)
    target = (letters + 2).where(own, torch.tensor(END))
    return (letters + 1).where(own, torch.tensor(PAD)), F.pad(target, (0, 1), value=END)


def accuracy_by_length(
    ids: torch.Tensor, target: torch.Tensor, lengths: torch.Tensor
) -> dict[str, list[Any]]:
    """The share of words of each length that were copied without a mistake."""
    right = (F.pad(ids, (0, target.shape[1] - ids.shape[1]), value=END) == target).all(1)
    of = lengths.unique()
    return {
        "x": of.tolist(),
        "accuracy": [right[lengths == n].double().mean().item() for n in of],
    }


def _shipped(name: str) -> bytes:
    """A file of course/parameters, in the course that this file belongs to."""
    path = Path(__file__).parents[1] / "parameters" / name
    if path.is_file():
        return path.read_bytes()
    raise GraderError(f"{path} was not found. Run: python course/train.py")
