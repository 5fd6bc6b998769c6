"""Draw the figures that pages let their readers move: course/figures/.

python course/figures.py

Each is a drawing that says what it says without any script; figures.js, which is written by hand,
shows its slider and draws it anew. Their numbers are measured here, with the solutions, and stand
in the drawing for the script; a test measures them again.
"""

from __future__ import annotations

import html
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "solutions"))

from cross_attention import decode_with_attention  # noqa: E402 - found in solutions/
from vanishing_gradient import demonstrate  # noqa: E402

FOLDER = ROOT / "course" / "figures"
ANSWERS = ROOT / "course" / "parameters" / "first_minutes.json"
START, END = 0, 1
WORD = "attention"
TOP, HEIGHT = 30, 180  # of bars
SHOWN = {
    "radius": 0.9,
    "scale": 6,
    "alignment": 4,
    "pronoun": 1,
}  # where the sliders stand at first

# What a figure says: the slider's label, what its value means, the caption, the axes' names.
TEXTS = {
    "radius": {
        "en": (
            "Spectral radius",
            "Radius {0}: after {1} steps back the gradient is {2} times as long.",
            "The norm of the gradient against the steps back, as long as the states are so small "
            "that tanh is linear. Move the spectral radius: only at 1 does the line level off.",
            ("steps back in time", "norm of the gradient"),
        ),
        "zh": (
            "谱半径",
            "谱半径 {0}：往回 {1} 步之后，梯度的长度是原来的 {2} 倍。",
            "状态很小、tanh 近乎线性时，梯度的范数随往回的步数变化。拖动谱半径："
            "只有等于 1 时，这条线最后才变平。",
            ("往回的步数", "梯度的范数"),
        ),
    },
    "scale": {
        "en": (
            "Width d, as a power of two",
            "Width {0}: the largest weight is {1} without √d and {2} with it.",
            "Weights of eight keys whose scores have the size √d. Left as they are, they end up "
            "giving everything to one key; divided by √d, they do not change with the width.",
            ("without √d", "divided by √d"),
        ),
        "zh": (
            "宽度 d（2 的幂）",
            "宽度 {0}：不除以 √d 时最大的权重是 {1}，除以之后是 {2}。",
            "八个键的权重，分数的大小是 √d。不缩放时，最后几乎全部权重都给了一个键；"
            "除以 √d 之后，权重不随宽度变化。",
            ("不除以 √d", "除以 √d"),
        ),
    },
    "alignment": {
        "en": (
            "Letter that is written",
            "Writing {0}, the network looks most at {1}: {2}.",
            "What the copying network looks at. Point at a letter of the upper row, or move the "
            "slider: the bars are the weights of the letters that were read.",
            ("writes", "reads"),
        ),
        "zh": (
            "正在写的字母",
            "写 {0} 时，网络最关注 {1}：{2}。",
            "抄写的网络在看什么。指向上面一行的某个字母，或拖动滑块：柱子是读入的各个字母的权重。",
            ("写出", "读入"),
        ),
    },
    "pronoun": {
        "en": (
            "Words in between",
            "{0} words in between, the noun is “{1}”: the recurrent network says “{2}”, the LSTM "
            "“{3}”, attention “{4}”.",
            "The share of 500 fresh sentences for which a network knows what “it” is. The grey "
            "line is a blind guess, one in eight.",
            ("RNN", "LSTM", "attention"),
        ),
        "zh": (
            "中间的词数",
            "中间隔 {0} 个词，名词是“{1}”：循环网络答“{2}”，LSTM 答“{3}”，注意力答“{4}”。",
            "500 个新句子中，网络知道“它”是什么的比例。虚线是盲猜，八次对一次。",
            ("RNN", "LSTM", "注意力"),
        ),
    },
}
NOUNS = {
    "en": "film novel song game painting dish city story".split(),
    "zh": "电影 小说 歌曲 游戏 画 菜 城市 故事".split(),
}


def norms() -> list[float]:
    """How long a gradient is at each step back, for the radius 1; the median of nine networks."""
    drawn = [demonstrate(1.0, 60, 32, seed)[::-1] for seed in range(9)]
    return [_rounded(norm) for norm in np.median([row / row[0] for row in drawn], axis=0)]


def scores() -> list[float]:
    """Eight scores of variance 1, as a division by √d leaves them."""
    return [_rounded(score) for score in np.random.default_rng(9).normal(size=8)]


def alignment() -> list[list[float]]:
    """What the copying network looks at for each letter of WORD: rows written, columns read."""
    params = load_file(ROOT / "course" / "parameters" / "cross_attention_copy.safetensors")
    tokens = torch.tensor([[ord(letter) - ord("a") + 1 for letter in WORD]])
    lengths = torch.tensor([len(WORD)])
    ids, weights = decode_with_attention(tokens, lengths, params, START, END, len(WORD))
    assert torch.equal(ids, tokens + 1), "the network copies this word"
    return [[round(weight, 3) for weight in row] for row in weights[0].tolist()]


def answers(language: str) -> list[list[Any]]:
    """What first_minutes.py found, for each length: the words, the noun, three answers, shares.

    Of the sentences that were kept the first one is shown, whatever was answered.
    """
    found = json.loads(ANSWERS.read_text("utf-8"))
    return [
        [
            int(words),
            NOUNS[language][found["rnn"][words]["true"][0]],
            *(NOUNS[language][network[words]["said"][0]] for network in found.values()),
            [network[words]["right"] for network in found.values()],
        ]
        for words in found["rnn"]
    ]


def _rounded(number: float) -> float:
    return float(f"{number:.3g}")


def softmax(values: Sequence[float]) -> list[float]:
    """Weights that sum to 1."""
    powers = [math.exp(value - max(values)) for value in values]
    return [power / sum(powers) for power in powers]


def radius_svg(values: list[float], axes: tuple[str, str]) -> tuple[str, list[object]]:
    """A curve on a logarithmic axis; what its sentence is filled with."""
    value = SHOWN["radius"]
    lines = ""
    for exponent in (-10, -5, 0, 5, 10):
        y = 130 - 11 * exponent
        lines += f'<line x1="60" x2="591" y1="{y}" y2="{y}" stroke="#ddd"/>'
        lines += f'<text x="52" y="{y + 4}" text-anchor="end">1e{exponent}</text>'
    for back in range(0, 60, 10):
        lines += f'<text x="{60 + 9 * back}" y="262" text-anchor="middle">{back}</text>'
    sizes = [math.log10(norm * value**back) for back, norm in enumerate(values)]
    points = " ".join(f"{60 + 9 * back},{130 - 11 * size:.1f}" for back, size in enumerate(sizes))
    lines += f'<polyline class="curve" points="{points}" fill="none" stroke="#0b57a4"'
    lines += ' stroke-width="2.5"/>'
    lines += f'<text x="325" y="285" text-anchor="middle">{axes[0]}</text>'
    lines += f'<text x="66" y="38">{axes[1]}</text>'
    last = len(values) - 1
    return lines, [f"{value:.2f}", last, f"{values[last] * value**last:.0e}"]


def bars(kind: str, shares: Sequence[float], left: int, color: str, apart: int = 32) -> str:
    """Bars of these shares of the height, side by side."""
    return "".join(
        f'<rect class="{kind}" x="{left + apart * i}" y="{TOP + HEIGHT * (1 - share):.1f}" '
        f'width="24" height="{HEIGHT * share:.1f}" fill="{color}"/>'
        for i, share in enumerate(shares)
    )


def floor(left: int, width: int) -> str:
    """The axis that bars stand on, and the line at 1."""
    return "".join(
        f'<line x1="{left}" x2="{left + width}" y1="{y}" y2="{y}" stroke="#999"/>'
        f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{share}</text>'
        for y, share in ((TOP, 1), (TOP + HEIGHT, 0))
    )


def scale_svg(values: list[float], axes: tuple[str, str]) -> tuple[str, list[object]]:
    """Weights of scores as they come, beside those of scaled ones."""
    width = 2 ** int(SHOWN["scale"])
    raw, scaled = softmax([value * width**0.5 for value in values]), softmax(values)
    lines = floor(40, 256) + floor(360, 256)
    lines += bars("raw", raw, 44, "#b5560b") + bars("scaled", scaled, 364, "#0b57a4")
    for left, name in ((168, axes[0]), (488, axes[1])):
        lines += f'<text x="{left}" y="238" text-anchor="middle">{name}</text>'
    return lines, [width, f"{max(raw):.2f}", f"{max(scaled):.2f}"]


def alignment_svg(values: list[list[float]], axes: tuple[str, str]) -> tuple[str, list[object]]:
    """The letters that are written, to be pointed at, and a bar for each letter that was read."""
    step = int(SHOWN["alignment"])
    lines = floor(160, 32 * len(WORD)) + bars("weight", values[step], 164, "#0b57a4")
    for i, letter in enumerate(WORD):
        chosen = " chosen" if i == step else ""
        lines += f'<text class="written{chosen}" x="{176 + 32 * i}" y="16">{letter}</text>'
        lines += f'<text x="{176 + 32 * i}" y="232" text-anchor="middle">{letter}</text>'
    lines += f'<text x="10" y="16">{axes[0]}</text><text x="10" y="232">{axes[1]}</text>'
    most = values[step].index(max(values[step]))
    return lines, [WORD[step], WORD[most], f"{values[step][most]:.2f}"]


def pronoun_svg(values: list[list[Any]], names: Sequence[str]) -> tuple[str, list[object]]:
    """A bar for each network: how often it knows what "it" is."""
    *facts, shares = values[int(SHOWN["pronoun"])]
    lines = floor(60, 540)
    y = TOP + HEIGHT * (1 - 1 / len(NOUNS["en"]))
    lines += f'<line x1="60" x2="600" y1="{y}" y2="{y}" stroke="#777" stroke-dasharray="4"/>'
    lines += bars("network", shares, 140, "#0b57a4", 170)
    for i, name in enumerate(names):
        lines += f'<text x="{152 + 170 * i}" y="236" text-anchor="middle">{name}</text>'
    return lines, facts


def table(values: list[list[Any]], names: Sequence[str], corner: str) -> str:
    """The shares of all lengths, for who reads without the script."""
    head = "".join(f"<th>{words}</th>" for words, *_ in values)
    rows = "".join(
        f"<tr><td>{name}</td>{''.join(f'<td>{row[-1][i]:.0%}</td>' for row in values)}</tr>"
        for i, name in enumerate(names)
    )
    return f"<table><thead><tr><th>{corner}</th>{head}</tr></thead><tbody>{rows}</tbody></table>\n"


def figure(name: str, language: str) -> str:
    """A figure as HTML, whole without any script."""
    label, says, caption, axes = TEXTS[name][language]
    measure, make, (least, most, step) = FIGURES[name]
    values = measure(language) if measure is answers else measure()
    drawn, facts = make(values, axes)
    kept = html.escape(json.dumps(values, ensure_ascii=False))
    told = says
    for i, fact in enumerate(facts):
        told = told.replace(f"{{{i}}}", str(fact))
    ears = html.escape(f"{caption} {told}")
    height = 292 if make is radius_svg else 245
    return (
        f'<figure class="moves" data-draws="{name}" data-values="{kept}">\n'
        f'<svg viewBox="0 0 640 {height}" role="img" aria-label="{ears}">{drawn}</svg>\n'
        f'<p><label hidden>{label} <input type="range" min="{least}" max="{most}" step="{step}" '
        f'value="{SHOWN[name]}"></label> <output data-says="{says}">{told}</output></p>\n'
        f"<figcaption>{caption}</figcaption>\n"
        f"{table(values, axes, label) if measure is answers else ''}</figure>\n"
    )


# What is measured, how it is drawn, and the slider's least value, greatest value and step.
FIGURES: dict[str, tuple[Callable[..., Any], Callable[..., Any], tuple[float, float, float]]] = {
    "radius": (norms, radius_svg, (0.7, 1.2, 0.01)),
    "scale": (scores, scale_svg, (0, 10, 1)),
    "alignment": (alignment, alignment_svg, (0, len(WORD) - 1, 1)),
    "pronoun": (answers, pronoun_svg, (0, 2, 1)),
}


def main() -> None:
    """Draw them all, in both languages."""
    for name, texts in TEXTS.items():
        for language in texts:
            path = FOLDER / f"{name}.{language}.html"
            path.write_text(figure(name, language), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
