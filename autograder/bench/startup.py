"""Figures of this machine, as tables. Ratios are between things measured in turn, in one run."""

from __future__ import annotations

import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from autograder.core.course import Course
from autograder.core.processes import python
from autograder.release.students import release
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
    table = Table(
        "what", "seconds", title=f"To a student's first answered call, median of {rounds}"
    )
    table.add_row("an isolated fork of the warm host", f"{ours:.4f}")
    table.add_row("a fresh Python that imports torch", f"{fresh:.3f}")
    table.add_row("ratio", f"{ratio:.0f}")
    console.print(table)


def desk(course: Course, rounds: int, console: Console) -> None:
    """Print what a student's commands take of CPU, over that of the import that they rest on."""
    unit = course.units[0].name
    app = "from autograder.local.commands import app; app(prog_name='autograder')"
    tests = f"exercises/test_{unit}.py"
    rows = {  # each with what it is over
        "import torch": (["-c", "import torch"], "import torch"),
        f"autograder check {unit}": (["-c", app, "check", unit], "import torch"),
        f"pytest test_{unit}.py": (["-m", "pytest", tests], "import torch"),
        "import typer": (["-c", "import typer"], "import typer"),
        "autograder --help": (["-c", app, "--help"], "import typer"),
    }
    times: dict[str, list[float]] = {name: [] for name in rows}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "student"
        release(course, folder, "en")
        shutil.copy(course.root / "solutions" / f"{unit}.py", folder / "exercises")
        for _round in range(rounds):
            for name, (arguments, _over) in rows.items():
                times[name].append(_cpu_seconds(python(*arguments), folder))
    title = f"At a student's desk, CPU time, median of {rounds}"
    table = Table("command", "seconds", "ratio", "over", title=title)
    for name, (_arguments, over) in rows.items():
        ratio = statistics.median(a / b for a, b in zip(times[name], times[over], strict=True))
        table.add_row(name, f"{statistics.median(times[name]):.2f}", f"{ratio:.2f}", over)
    console.print(table)


def _cpu_seconds(command: Sequence[str], folder: Path) -> float:
    """The CPU time of a command and of all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


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
