"""Figures of this machine, as tables. Ratios are between things measured in turn, in one run."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable

import torch
from rich.console import Console
from rich.table import Table

from autograder.core.course import Course
from autograder.core.processes import python
from autograder.sandbox import wire
from autograder.supervisor.child import ProcessLimits, nonce
from autograder.supervisor.warm_host import WarmHost

PROGRAM = """
import torch


def doubled(x: torch.Tensor) -> torch.Tensor:
    return x * 2
"""


def startup(course: Course, rounds: int, console: Console) -> None:
    """Print the median from "grade this" to the first call answered, and a fresh Python's."""
    source = wire.Source("first", "first.py", [PROGRAM], False, [])
    with WarmHost([course.root]) as host:
        first_call(host, source)  # the first pages in what later ones share
        pairs = [
            (_timed(lambda: first_call(host, source)), _timed(_fresh_interpreter))
            for _ in range(rounds)
        ]
    ours = statistics.median(pair[0] for pair in pairs)
    fresh = statistics.median(pair[1] for pair in pairs)
    ratio = statistics.median(pair[1] / pair[0] for pair in pairs)
    table = Table(title=f"To a student's first answered call, median of {rounds}")
    for heading in ("what", "seconds"):
        table.add_column(heading)
    table.add_row("an isolated fork of the warm host", f"{ours:.4f}")
    table.add_row("a fresh Python that imports torch", f"{fresh:.3f}")
    table.add_row("ratio", f"{ratio:.0f}")
    console.print(table)


def first_call(host: WarmHost, source: wire.Source) -> None:
    """Fork a child, load the submission, have one call answered, end the child."""
    child = host.spawn(ProcessLimits(2 << 30, 60))
    deadline = time.monotonic() + 30
    child.request(wire.Load(nonce(), [source], source.module), [], deadline)
    payload: list[bytes] = []
    args = wire.Items([wire.encode(torch.zeros(3, 5), payload)])
    call = wire.Call(nonce(), source.module, "doubled", args, wire.Fields({}))
    reply, _ = child.request(call, payload, deadline)
    assert isinstance(reply, wire.Result), reply
    child.close()


def _fresh_interpreter() -> None:
    code = "import torch; torch.zeros(3, 5) * 2"
    subprocess.run(python("-c", code), check=True)


def _timed(action: Callable[[], None]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
