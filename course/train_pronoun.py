"""Train the networks of the unit `pronoun` ten times as long as its lesson does, and keep them.

python course/train_pronoun.py

Each kind of layer is trained from the same seed at each of the lesson's distances. Writes to
course/parameters/: pronoun_accuracy, how many nouns each then tells, by distance; and pronoun_rnn,
pronoun_lstm, pronoun_convolution and pronoun_attention, what was trained at ten words. A second run
on the same machine writes the same bytes. Takes twelve minutes of one core.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import save

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "solutions"))

from pronoun import accuracy, train  # noqa: E402 - found in solutions/

PARAMETERS = ROOT / "course" / "parameters"
KINDS = ("rnn", "lstm", "convolution", "attention")
DISTANCES = (2, 5, 10, 20, 40, 80)
KEPT = 10  # the distance at which the networks that are kept were trained
STEPS = 3000
NOUNS, FILLERS, WIDTH = 8, 20, 32
IT = NOUNS + FILLERS  # the last id

Batch = tuple[torch.Tensor, torch.Tensor]


def sentences(fillers: int, count: int, generator: torch.Generator) -> Batch:
    """Random sentences, (N, T), and their nouns, (N,): as in the lesson."""
    tokens = torch.randint(NOUNS, IT, (count, fillers + 2), generator=generator)
    tokens[:, 0] = torch.randint(NOUNS, (count,), generator=generator)
    tokens[:, -1] = IT
    return tokens, tokens[:, 0]


def fresh(kind: str, generator: torch.Generator) -> dict[str, torch.Tensor]:
    """Random parameters to start from: as in the lesson."""

    def weight(*shape: int, gain: float = 1.0) -> torch.Tensor:
        return torch.randn(*shape, generator=generator) * gain / shape[-2] ** 0.5

    D = WIDTH
    params = {
        "embed": torch.randn(IT + 1, D, generator=generator),
        "out_w": weight(D, NOUNS) / 100,  # at first all nouns are as likely
        "out_b": torch.zeros(NOUNS),
    }
    if kind == "rnn":
        return params | {"w_xh": weight(D, D), "w_hh": weight(D, D), "b": torch.zeros(D)}
    if kind == "lstm":
        bias = torch.zeros(4, D)
        bias[1] = 1  # forget gates start open
        return params | {"w_x": weight(D, 4 * D), "w_h": weight(D, 4 * D), "b": bias.flatten()}
    if kind == "convolution":
        layers, taps = 5, 3
        w = weight(layers, taps, D, D, gain=(2 / taps) ** 0.5)  # for ReLU (He et al. 2015)
        return params | {"w": w, "b": torch.zeros(layers, D)}
    return params | {name: weight(D, D) for name in ("w_q", "w_k", "w_v")}


def main() -> None:
    """Train, measure, keep."""
    torch.set_num_threads(1)  # the matrices are small, and the sums come out the same anywhere
    curves: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for kind in KINDS:
        for distance in DISTANCES:
            generator = torch.Generator().manual_seed(0)
            params = fresh(kind, generator)
            batches = [sentences(distance, 32, generator) for _ in range(STEPS)]
            params, losses = train(kind, batches, params, lr=3e-3, max_norm=1.0)
            told = accuracy(kind, *sentences(distance, 500, generator), params)
            curves[kind].append(told)
            print(f"{kind}, {distance} words: {told:.2f}, last loss {losses[-1]:.3f}", flush=True)
            if distance == KEPT:
                (PARAMETERS / f"pronoun_{kind}.safetensors").write_bytes(save(params))
    kept = {kind: torch.tensor(curve) for kind, curve in curves.items()}
    (PARAMETERS / "pronoun_accuracy.safetensors").write_bytes(save(kept))


if __name__ == "__main__":
    main()
