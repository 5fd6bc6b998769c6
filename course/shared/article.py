"""The article's claim, measured: how much faster attention is than a recurrent network.

Its words are "tens, even hundreds of times". Whether that is so depends on the length, the width
and the machine: attention does T²·D work in a few large steps, a recurrent network T·D² in T small
ones, each of which waits for the one before it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from rich.console import Console
from rich.table import Table

LENGTHS = (16, 64, 128, 256, 512, 1024, 2048, 4096)
WIDTHS = (16, 64, 256)
ROUNDS = 7
ENOUGH = 0.5  # seconds for one layer at one size
LARGE = 1024  # rows and columns of the product that a machine is measured against
Layer = Callable[[torch.Tensor], object]
Times = dict[tuple[str, int, int], float]  # seconds, or shares, by layer, length and width


def layers(width: int, device: str) -> dict[str, Layer]:
    """The layers that are compared, each from (N, T, D) to (N, T, D)."""
    torch.manual_seed(0)
    w_x, w_h, w_q, w_k, w_v = (torch.randn(width, width, device=device) for _ in range(5))
    drawn = (w_x, w_h, w_q, w_k, w_v)
    w_x, w_h, w_q, w_k, w_v = ((w * width**-0.5).requires_grad_() for w in drawn)
    fused = torch.nn.RNN(width, width, batch_first=True).to(device)
    lstm = torch.nn.LSTM(width, width, batch_first=True).to(device)

    def rnn_loop(x: torch.Tensor) -> torch.Tensor:
        state, states = x.new_zeros(len(x), width), []
        for t in range(x.shape[1]):
            state = torch.tanh(x[:, t] @ w_x + state @ w_h)
            states.append(state)
        return torch.stack(states, dim=1)

    def attention(x: torch.Tensor) -> torch.Tensor:
        return F.scaled_dot_product_attention(x @ w_q, x @ w_k, x @ w_v)

    def query_by_query(x: torch.Tensor) -> torch.Tensor:
        q, k, v = x @ w_q, x @ w_k, x @ w_v
        attend = F.scaled_dot_product_attention
        return torch.cat([attend(q[:, t : t + 1], k, v) for t in range(x.shape[1])], dim=1)

    return {
        "RNN, a loop": rnn_loop,
        "RNN, fused": fused,
        "LSTM, fused": lstm,
        "attention": attention,
        "attention, query by query": query_by_query,
    }


def seconds(layer: Layer, x: torch.Tensor) -> float:
    """The median of a few calls: on a CPU of the processor's time, which a busy machine leaves."""
    on_gpu = x.device.type == "cuda"
    clock = time.perf_counter if on_gpu else time.process_time
    times: list[float] = []
    while len(times) <= ROUNDS and sum(times[1:]) < ENOUGH:
        start = clock()
        layer(x)
        if on_gpu:
            torch.cuda.synchronize()
        times.append(clock() - start)
    return statistics.median(times[1:])  # the first warms it


@torch.no_grad()
def measure(lengths: Sequence[int], widths: Sequence[int], batch: int, device: str) -> Times:
    """Time every layer at every length and width, in turn."""
    torch.set_num_threads(1)
    return {
        (name, length, width): seconds(layer, torch.randn(batch, length, width, device=device))
        for width in widths
        for name, layer in layers(width, device).items()
        for length in lengths
    }


def training_flops(name: str, batch: int, length: int, width: int) -> int:
    """Of a layer's products, forward and backward: a product is followed by two of its size."""
    projections, scores = length * width**2, length**2 * width
    multiply_adds = {"RNN, a loop": 2 * projections, "attention": 3 * projections + 2 * scores}
    return 3 * 2 * batch * multiply_adds[name]


def shares(lengths: Sequence[int], widths: Sequence[int], batch: int, device: str) -> Times:
    """How much of one large product's speed a step of training reaches, by layer and size."""
    torch.set_num_threads(1)
    square = torch.randn(LARGE, LARGE, device=device)
    peak = 2 * LARGE**3 / seconds(lambda x: x @ x, square)  # operations a second
    found: Times = {}
    for width in widths:
        every = layers(width, device)
        for name in ("RNN, a loop", "attention"):

            def train(x: torch.Tensor, layer: Layer = every[name]) -> None:
                layer(x).sum().backward()  # type: ignore[attr-defined]

            for length in lengths:
                x = torch.randn(batch, length, width, device=device, requires_grad=True)
                work = training_flops(name, batch, length, width)
                found[name, length, width] = work / seconds(train, x) / peak
    return found


def article(longest: int, batch: int, plots: Path | None, console: Console) -> None:
    """Print how many times as long as attention each layer takes; draw a map of it.

    longest: the greatest length. batch: sentences at once. plots: a folder for the maps.
    """
    lengths = [length for length in LENGTHS if length <= longest]
    for device in ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]:
        times = measure(lengths, WIDTHS, batch, device)
        machine = torch.cuda.get_device_name() if device == "cuda" else "one CPU core"
        where = f"{machine}, batch {batch}"
        for width in WIDTHS:
            console.print(_table(times, lengths, width, where))
        reached = shares(lengths, WIDTHS, batch, device)
        console.print(_shares_table(reached, lengths, where))
        if plots:
            plots.mkdir(parents=True, exist_ok=True)
            _map(times, lengths, WIDTHS, where, plots / f"article-{device}.png")


def _table(times: Times, lengths: Sequence[int], width: int, where: str) -> Table:
    title = f"Times attention's time, on {where}, width {width}"
    table = Table(box=None, title=title, title_justify="left")
    table.add_column("layer", no_wrap=True)
    for length in lengths:
        table.add_column(f"T={length}", justify="right")
    for name in dict.fromkeys(name for name, _, _ in times):
        ratios = [
            times[name, length, width] / times["attention", length, width] for length in lengths
        ]
        table.add_row(name, *(f"{ratio:.2g}" for ratio in ratios))
    return table


def _shares_table(reached: Times, lengths: Sequence[int], where: str) -> Table:
    title = f"Share of one large product's speed, forward and backward, on {where}"
    table = Table(box=None, title=title, title_justify="left")
    table.add_column("layer", no_wrap=True)
    for length in lengths:
        table.add_column(f"T={length}", justify="right")
    for name, width in dict.fromkeys((name, width) for name, _, width in reached):
        row = [f"{reached[name, length, width]:.1%}" for length in lengths]
        table.add_row(f"{name}, width {width}", *row)
    return table


def _map(
    times: Times, lengths: Sequence[int], widths: Sequence[int], where: str, path: Path
) -> None:
    """Where attention is faster than the loop of a recurrent network, and by how much."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import colors, pyplot

    ratios = [
        [times["RNN, a loop", t, width] / times["attention", t, width] for t in lengths]
        for width in widths
    ]
    figure, axes = pyplot.subplots(figsize=(1.1 * len(lengths) + 2, 3.4), layout="constrained")
    norm = colors.LogNorm(0.01, 100)
    image = axes.imshow(ratios, cmap="RdBu", norm=norm, aspect="auto", origin="lower")
    for row, line in enumerate(ratios):
        for column, ratio in enumerate(line):
            color = "white" if not 0.05 < ratio < 20 else "black"
            axes.text(column, row, f"{ratio:.2g}", ha="center", va="center", color=color)
    axes.set_xticks(range(len(lengths)), [str(length) for length in lengths])
    axes.set_yticks(range(len(widths)), [str(width) for width in widths])
    axes.set_xlabel("length T")
    axes.set_ylabel("width D")
    axes.set_title(f"How many times faster attention is than an RNN's loop, {where}", fontsize=10)
    figure.colorbar(image)
    figure.savefig(path, dpi=120)
