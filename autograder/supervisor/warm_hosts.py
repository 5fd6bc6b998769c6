"""The warm hosts that one tester's calls go to, by device. It imports no torch."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from autograder.core.errors import IsolationError
from autograder.sandbox.host import Level
from autograder.supervisor.warm_host import WarmHost


class WarmHosts:
    """The warm hosts of a tester, started when first needed and again after a loss.

    masks, level: see WarmHost.
    """

    def __init__(self, masks: Sequence[str], level: Level) -> None:
        self._masks = [Path(mask) for mask in masks]
        self._level = level
        self._hosts: dict[str, WarmHost] = {}

    def begin(self) -> None:
        """Start the CPU's, and do not wait for it; whoever asks for it is told why it cannot be."""
        with contextlib.suppress(IsolationError):
            self._hosts["cpu"] = self._started("cpu")

    def __call__(self, device: str) -> WarmHost:
        """The warm host of a device. Raises IsolationError where it cannot be had."""
        host = self._hosts.pop(device, None) or self._started(device)
        self._hosts[device] = host.ready()  # one that is not ready is kept no longer
        return host

    def _started(self, device: str) -> WarmHost:
        host = WarmHost(self._masks, device, self._level)
        if device != "cpu":
            from autograder.supervisor.backend import try_product

            try_product(host)
        return host

    def ready(self, devices: Sequence[str]) -> bool:
        """Whether the warm hosts of these devices are there, or on their way."""
        return self._hosts.keys() >= set(devices)

    @property
    def killed(self) -> int:
        """How many of the students' processes were ended by SIGKILL, which was not ours."""
        return sum(host.killed for host in self._hosts.values())

    def close(self) -> None:
        """End them all."""
        for host in self._hosts.values():
            host.close()
        self._hosts.clear()
