"""The CPU time of processes."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil

ADDITIONS = 1_000_000


def seconds(processes: Iterable[psutil.Process]) -> float:
    """CPU seconds of processes, and of all those that they started and have waited for.

    Looked at while they live: what a killed process had waited for is lost to the kernel's sums.
    """
    total = 0.0
    for process in processes:
        try:
            total += sum(process.cpu_times()[:4])  # user, system, and both of ended children
        except psutil.Error:
            continue
    return total


def fixed_loop() -> float:
    """CPU seconds of a loop in Python that is the same anywhere, to compare machines by."""
    taken = []
    for _round in range(5):
        start = time.process_time()
        total = 0
        for number in range(ADDITIONS):
            total += number
        taken.append(time.process_time() - start)
    return min(taken)


def loop_told(seconds: float) -> str:
    """What a table says of the loop that its figures are multiples of."""
    return f"A fixed loop is {ADDITIONS:,} additions in Python: {seconds:.3f} CPU-seconds."
