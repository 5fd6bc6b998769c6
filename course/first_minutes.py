"""Train the networks of the page that comes before the first unit, and keep what they answer.

python course/first_minutes.py

A made-up sentence is a noun, some words that say nothing, and "it"; the question is which noun "it"
is. A plain recurrent network, an LSTM and self-attention, the course's own solutions, get the same
training: for each length 300 batches of 32 sentences, Adam, a clipped gradient. What they then
answer to fresh sentences is written into course/parameters/first_minutes.json. Seeds are fixed.
Takes about two minutes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "course"), str(ROOT / "solutions")]

from pronoun import predict  # noqa: E402 - found in solutions/
from train_pronoun import IT, NOUNS, WIDTH, sentences  # noqa: E402

KEPT = ROOT / "course" / "parameters" / "first_minutes.json"
LENGTHS = (5, 20, 80)  # words between the noun and "it"
KINDS = ("rnn", "lstm", "attention")
BATCHES, SENTENCES, TRIED = 300, 32, 500
SHOWN = 4  # answers that are kept beside the share of right ones

Params = dict[str, torch.Tensor]


def fresh(kind: str, random: torch.Generator) -> Params:
    """Parameters to start from, that keep numbers near 1; the LSTM's forget bias is 1."""

    def weights(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=random) / shape[-2] ** 0.5

    params = {"embed": torch.randn(IT + 1, WIDTH, generator=random)}
    params |= {"out_w": weights(WIDTH, NOUNS), "out_b": torch.zeros(NOUNS)}
    if kind == "rnn":
        params |= {"w_xh": weights(WIDTH, WIDTH), "w_hh": weights(WIDTH, WIDTH)}
        params["b"] = torch.zeros(WIDTH)
    elif kind == "lstm":
        params |= {"w_x": weights(WIDTH, 4 * WIDTH), "w_h": weights(WIDTH, 4 * WIDTH)}
        params["b"] = torch.zeros(4 * WIDTH).index_fill(0, torch.arange(WIDTH, 2 * WIDTH), 1.0)
    else:
        params |= {name: weights(WIDTH, WIDTH) for name in ("w_q", "w_k", "w_v")}
    return {name: tensor.requires_grad_() for name, tensor in params.items()}


def train(kind: str, words: int) -> Params:
    """A network trained on sentences of one length."""
    random = torch.Generator().manual_seed(0)
    params = fresh(kind, random)
    optimizer = torch.optim.Adam(params.values(), 3e-3)
    for _ in range(BATCHES):
        tokens, nouns = sentences(words, SENTENCES, random)
        optimizer.zero_grad()
        F.cross_entropy(predict(kind, tokens, params), nouns).backward()
        torch.nn.utils.clip_grad_norm_(params.values(), 1.0)
        optimizer.step()
    return params


@torch.no_grad()
def answers(kind: str, params: Params, words: int) -> dict[str, object]:
    """The share of fresh sentences answered rightly, and the first answers, each with the truth."""
    tokens, nouns = sentences(words, TRIED, torch.Generator().manual_seed(1))
    said = predict(kind, tokens, params).argmax(1)
    share = (said == nouns).float().mean().item()
    return {"right": round(share, 3), "said": said[:SHOWN].tolist(), "true": nouns[:SHOWN].tolist()}


def run(
    lengths: Sequence[int] = LENGTHS, tell: Callable[[str], None] = lambda _: None
) -> dict[str, dict[str, dict[str, object]]]:
    """What each network answers at each length: kind → words → `answers`."""
    torch.set_num_threads(1)  # the sums come out the same anywhere
    found: dict[str, dict[str, dict[str, object]]] = {kind: {} for kind in KINDS}
    for words in lengths:
        for kind in KINDS:
            found[kind][str(words)] = answers(kind, train(kind, words), words)
            tell(f"{kind}, {words} words: {found[kind][str(words)]}")
    return found


if __name__ == "__main__":
    KEPT.write_text(json.dumps(run(tell=print), indent=1) + "\n", "utf-8", newline="\n")
