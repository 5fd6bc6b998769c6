"""The CPU time of processes."""

from __future__ import annotations

from collections.abc import Iterable

import psutil


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
