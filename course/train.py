"""Train the small parameters that the units `seq2seq` and `cross_attention` are tried out with.

python course/train.py

Two tasks: a toy translation, 欢迎 来 北京 → welcome to Beijing, and copying random words of 1 to 16
letters, the same for both units, with networks of the same size, which begin alike and are trained
alike. Writes course/parameters/ and
docs/accuracy-by-length.png, and prints the accuracy of copying against the length. Seeds are
fixed, so a second run on the same machine writes the same bytes. Takes about two minutes.
"""

from __future__ import annotations

import json
import string
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "solutions"))

import cross_attention  # noqa: E402 - found in solutions/
import seq2seq  # noqa: E402
from gates import gru_step  # noqa: E402

Params = dict[str, torch.Tensor]
PARAMETERS = ROOT / "course" / "parameters"
FIGURE = ROOT / "docs" / "accuracy-by-length.png"
UNITS = ("seq2seq", "cross_attention")
LABELS = {"seq2seq": "fixed context", "cross_attention": "attention"}

PAD, START, END = 0, 0, 1  # of the source's ids, and of the target's
LONGEST = 16  # letters to copy
PER_LENGTH = 200  # words that an accuracy is the share of

CITIES = {"北京": "Beijing", "上海": "Shanghai", "西安": "Xi'an", "广州": "Guangzhou"}
PATTERNS = {
    "欢迎 来 {}": "welcome to {}",
    "我 爱 {}": "I love {}",
    "{} 很 大": "{} is big",
    "他们 住 在 {}": "they live in {}",
    "我们 明天 去 {}": "we go to {} tomorrow",
    "你好 欢迎 来 {}": "hello welcome to {}",
    "请 你们 明天 来 {}": "please come to {} tomorrow",
}
SENTENCES = {"你好": "hello", "谢谢": "thank you"} | {
    source.format(city): target.format(name)
    for source, target in PATTERNS.items()
    for city, name in CITIES.items()
}


@dataclass(frozen=True)
class Batch:
    """Sentences and their translations, with `end` after each, as padded ids and lengths."""

    source: torch.Tensor  # (N, T)
    lengths: torch.Tensor  # (N,)
    target: torch.Tensor  # (N, L)
    written: torch.Tensor  # (N, L), False after `end`

    @property
    def steps(self) -> int:
        """L, the length of the longest target."""
        return self.target.shape[1]


@dataclass(frozen=True)
class Task:
    """What is learned: the vocabularies, where batches come from, the network's sizes."""

    source: list[str]
    target: list[str]
    batch: Callable[[torch.Generator], Batch]
    width: int  # E
    hidden: int  # H
    steps: int


def pad(rows: list[list[int]], value: int) -> torch.Tensor:
    """Lists of ids as one tensor, the short ones filled up."""
    longest = max(map(len, rows))
    return torch.tensor([row + [value] * (longest - len(row)) for row in rows])


def batch_of(source: list[list[int]], target: list[list[int]]) -> Batch:
    """Make a batch of ids without `end`."""
    lengths = torch.tensor([len(row) for row in source])
    ends = torch.tensor([len(row) for row in target])
    padded = pad([[*row, END] for row in target], END)
    written = torch.arange(padded.shape[1]) <= ends[:, None]  # (N, L)
    return Batch(pad(source, PAD), lengths, padded, written)


def translate_task() -> Task:
    """All sentences at every step: there are few."""
    source = ["<pad>", *dict.fromkeys(" ".join(SENTENCES).split())]
    target = ["<start>", "<end>", *dict.fromkeys(" ".join(SENTENCES.values()).split())]
    batch = batch_of(
        [[source.index(word) for word in sentence.split()] for sentence in SENTENCES],
        [[target.index(word) for word in sentence.split()] for sentence in SENTENCES.values()],
    )
    return Task(source, target, lambda _: batch, width=16, hidden=32, steps=500)


def words(lengths: torch.Tensor, generator: torch.Generator) -> Batch:
    """Random words of the given lengths, to be copied."""
    letters = [torch.randint(26, (int(n),), generator=generator).tolist() for n in lengths]
    source = [[letter + 1 for letter in word] for word in letters]
    target = [[letter + 2 for letter in word] for word in letters]
    return batch_of(source, target)


def copy_task() -> Task:
    """64 fresh words at every step, short and long ones alike."""

    def batch(generator: torch.Generator) -> Batch:
        return words(torch.randint(1, LONGEST + 1, (64,), generator=generator), generator)

    letters = list(string.ascii_lowercase)
    source, target = ["<pad>", *letters], ["<start>", "<end>", *letters]
    return Task(source, target, batch, width=24, hidden=64, steps=2000)


def fresh(task: Task, generator: torch.Generator) -> Params:
    """Random parameters to start from, the same for both kinds of network."""
    E, H = task.width, task.hidden

    def uniform(*shape: int) -> torch.Tensor:
        return (2 * torch.rand(shape, generator=generator) - 1) / H**0.5

    params = {
        "enc_embed": torch.randn(len(task.source), E, generator=generator),
        "enc_w_x": uniform(E, 3 * H),
        "enc_w_h": uniform(H, 3 * H),
        "enc_b_x": uniform(3 * H),
        "enc_b_h": uniform(3 * H),
        "dec_embed": torch.randn(len(task.target), E, generator=generator),
        "dec_w_x": uniform(E + H, 3 * H),
        "dec_w_h": uniform(H, 3 * H),
        "dec_b_x": uniform(3 * H),
        "dec_b_h": uniform(3 * H),
        "out_w": uniform(H, len(task.target)),
        "out_b": uniform(len(task.target)),
    }
    # Small states give equal scores, and weights that are all the same teach nothing. So the inputs
    # start out strong, and the update gate open: each state speaks of its own word.
    for side in ("enc", "dec"):
        params[f"{side}_w_x"] *= 4
        params[f"{side}_b_x"][H : 2 * H] -= 1
    return {name: tensor.requires_grad_() for name, tensor in params.items()}


def forced(unit: str, params: Params, batch: Batch, carried: torch.Tensor) -> torch.Tensor:
    """The decoder's logits where the word written last is always the right one (teacher forcing).

    carried: (N,), 0 where the decoder's state starts from zeros. Returns (N, L, V_tgt).
    """
    states, context = seq2seq.encode(batch.source, batch.lengths, params)  # (N, T, H), (N, H)
    state = context * carried[:, None]  # (N, H)
    mask = torch.arange(batch.source.shape[1]) < batch.lengths[:, None]  # (N, T)
    before = F.pad(batch.target[:, :-1], (1, 0), value=START)  # (N, L)
    weights = [params[f"dec_{name}"] for name in ("w_x", "w_h", "b_x", "b_h")]
    after = []
    for t in range(batch.steps):
        if unit == "cross_attention":
            context, _ = cross_attention.attend(state, states, mask)  # (N, H)
        x = torch.cat([params["dec_embed"][before[:, t]], context], dim=-1)  # (N, E+H)
        state = gru_step(x, state, *weights)  # (N, H)
        after.append(state)
    return torch.stack(after, dim=1) @ params["out_w"] + params["out_b"]  # (N, L, V_tgt)


def train(unit: str, name: str, task: Task) -> Params:
    """Train a unit's network on a task, with Adam and a learning rate that rises and falls."""
    generator = torch.Generator().manual_seed(2)
    params = fresh(task, generator)
    optimizer = torch.optim.Adam(params.values())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=task.steps)
    for step in range(task.steps):
        batch = task.batch(generator)
        # At first most decoders start from nothing, so that they learn to use the context that is
        # an input of every step; otherwise all is squeezed into the state, and what works is not
        # given up later.
        dropped = 0.7 * max(0.0, 1 - step / (0.7 * task.steps))
        carried = (torch.rand(len(batch.source), generator=generator) >= dropped).float()
        logits = forced(unit, params, batch, carried)  # (N, L, V_tgt)
        loss = F.cross_entropy(logits[batch.written], batch.target[batch.written])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(params.values(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 50 == 49:
            progress = f"step {step + 1:4} of {task.steps}, loss {loss.item():.4f}"
            print(f"\r{unit}, {name}: {progress}", end="", flush=True)
    print()
    return {key: tensor.detach() for key, tensor in params.items()}


def written(unit: str, params: Params, batch: Batch) -> torch.Tensor:
    """What the unit's own greedy decoder writes, at most as long as the right answer: (N, ≤ L)."""
    if unit == "cross_attention":
        return cross_attention.decode_with_attention(
            batch.source, batch.lengths, params, START, END, batch.steps
        )[0]
    _, context = seq2seq.encode(batch.source, batch.lengths, params)
    return seq2seq.decode(context, params, START, END, batch.steps)


def accuracy(unit: str, params: Params, batch: Batch) -> float:
    """The share of sentences without a mistake."""
    ids = written(unit, params, batch)
    ids = F.pad(ids, (0, batch.steps - ids.shape[1]), value=END)  # (N, L)
    return (ids == batch.target).all(dim=1).float().mean().item()


def by_length(unit: str, params: Params) -> list[float]:
    """The accuracy of copying words of 1, 2, … letters."""
    generator = torch.Generator().manual_seed(1)
    lengths = (torch.full((PER_LENGTH,), n) for n in range(1, LONGEST + 1))
    return [accuracy(unit, params, words(n, generator)) for n in lengths]


def table(curves: dict[str, list[float]]) -> str:
    """The accuracies in Markdown."""
    lines = ["| letters | " + " | ".join(LABELS[unit] for unit in curves) + " |"]
    lines.append("|" + "---:|" * (len(curves) + 1))
    for n, row in enumerate(zip(*curves.values(), strict=True), start=1):
        lines.append(f"| {n} | " + " | ".join(f"{share:.0%}" for share in row) + " |")
    return "\n".join(lines)


def plot(curves: dict[str, list[float]]) -> None:
    """Draw the accuracies against the length."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    for (unit, shares), marker in zip(curves.items(), "os", strict=True):
        axes.plot(range(1, LONGEST + 1), [100 * s for s in shares], marker=marker, ms=4)
        axes.text(10.6, 100 * shares[9] - 6, LABELS[unit])
    axes.set(xlabel="letters in the word", ylabel="copied without a mistake, %", ylim=(-4, 104))
    axes.spines[["top", "right"]].set_visible(False)
    FIGURE.parent.mkdir(exist_ok=True)
    figure.savefig(FIGURE, dpi=150, metadata={"Software": None})


def main() -> None:
    """Train, save, measure."""
    torch.set_num_threads(1)  # the matrices are small, and the sums come out the same anywhere
    torch.use_deterministic_algorithms(True)
    PARAMETERS.mkdir(exist_ok=True)
    tasks = {"translate": translate_task(), "copy": copy_task()}
    curves = {}
    for unit in UNITS:
        for name, task in tasks.items():
            params = train(unit, name, task)
            (PARAMETERS / f"{unit}_{name}.safetensors").write_bytes(save(params))
            with torch.no_grad():
                if name == "copy":
                    curves[unit] = by_length(unit, params)
                else:
                    share = accuracy(unit, params, task.batch(torch.Generator()))
                    print(f"{unit}, {name}: {share:.0%} of {len(SENTENCES)} sentences are right")
    vocabulary = {
        "translate": {
            "source": tasks["translate"].source,
            "target": tasks["translate"].target,
            "sentences": SENTENCES,
        },
        "copy": {"source": tasks["copy"].source, "target": tasks["copy"].target},
    }
    text = json.dumps(vocabulary, ensure_ascii=False, indent=1) + "\n"
    (PARAMETERS / "vocabulary.json").write_text(text, encoding="utf-8", newline="\n")
    plot(curves)
    print(f"\nCopied without a mistake, of {PER_LENGTH} random words of each length:\n")
    print(table(curves))


if __name__ == "__main__":
    main()
