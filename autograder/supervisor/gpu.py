"""What only a chip can show: that CUDA works behind the wall, and stays within its limits there."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.core.console import MARKS
from autograder.core.course import Limits
from autograder.core.errors import GraderError
from autograder.sandbox import evaluate, wire
from autograder.sandbox.host import Level
from autograder.supervisor.backend import SandboxBackend
from autograder.supervisor.bubblewrap import has_gpu
from autograder.supervisor.warm_host import WarmHost
from autograder.testing.calls import Failure, Invocation

TEXT = """import threading

import torch

def product(x, y):
    return x @ y

def convolution(x, y):
    return torch.conv2d(x[None, :, :, None], y[:, :, None, None])[0, :, :, 0].T

def compiled_there(x, y):
    return torch.special.bessel_j0(x)

def name_a_thread(x, y):
    with open(f"/proc/self/task/{threading.get_native_id()}/comm", "w") as file:
        file.write("cuda")
    return x

def take_there(x, y, mib):
    return x.new_zeros(mib << 18)[:1]

def take_here(x, y, mib):
    return x + len(bytearray(mib << 20))
"""
PROGRAM = wire.Source("gpu_check", "gpu_check.py", [TEXT], False, [])
LEVELS: tuple[Level, ...] = ("full", "reduced")
SIZE = 512
FLOAT32 = 1e-4  # of the largest number: TF32, of ten bits, errs by more than 1e-3 at this size
LIMITS = Limits()
NO_GPU = "There is no GPU here, so nothing of what only one can show was tried."


class Finding(NamedTuple):
    """What was tried at a level, whether it came out as it should, and what was seen."""

    level: Level
    what: str
    fine: bool
    seen: str


class _Wrong(Exception):  # noqa: N818 - an outcome
    """What came out otherwise than it should."""


class _Calls:
    """Calls of our program in one child of a host."""

    def __init__(self, host: WarmHost, place: str) -> None:
        self._backend = SandboxBackend(lambda _: host, PROGRAM.module, [PROGRAM], LIMITS, place)
        self._device = host.device
        draw = torch.Generator().manual_seed(0)
        self.given = [torch.randn(SIZE, SIZE, generator=draw) for _ in range(2)]

    def __call__(self, function: str, *more: int, pulled: bool = False) -> evaluate.CallResult:
        """Call a function of the two matrices, and of what more it takes."""
        given = [tensor.clone() for tensor in self.given]
        asked = Invocation(
            PROGRAM.module,
            function,
            [*given, *more],
            device=self._device,
            cotangents=[torch.ones(SIZE, SIZE)] if pulled else None,
        )
        return self._backend.call(asked)

    def close(self) -> None:
        """End the child."""
        self._backend.close()


def _near(value: torch.Tensor, expected: torch.Tensor) -> str:
    error = float((value - expected).abs().max() / expected.abs().max())
    if not error < FLOAT32:
        raise _Wrong(f"off by {error:.1e} of the largest number, where {FLOAT32:.0e} is allowed")
    return f"off by {error:.0e} of the largest number"


def _product(calls: _Calls) -> str:
    x, y = calls.given
    return _near(calls("product").value, (x.double() @ y.double()).float())


def _convolution(calls: _Calls) -> str:
    x, y = calls.given
    return _near(calls("convolution").value, (y.double() @ x.double()).T.float())


def _gradient(calls: _Calls) -> str:
    x, y = calls.given
    gradient, _ = calls("product", pulled=True).gradients or (None, None)
    assert gradient is not None, "the backend checks what it is given"
    return _near(gradient, (torch.ones_like(x).double() @ y.double().T).float())


def _compiled(calls: _Calls) -> str:
    return _near(calls("compiled_there").value, torch.special.bessel_j0(calls.given[0]))


def _named(calls: _Calls) -> str:
    return _near(calls("name_a_thread").value, calls.given[0])


def _memory_there(calls: _Calls) -> str:
    allowed = LIMITS.memory_mib
    calls("take_there", allowed // 2)
    return _refused(calls, "take_there", allowed * 2, f"{allowed // 2} MiB were given")


def _memory_here(calls: _Calls) -> str:
    allowed = LIMITS.memory_mib
    calls("take_here", allowed // 4)
    return _refused(calls, "take_here", allowed * 2, f"{allowed // 4} MiB were given")


def _refused(calls: _Calls, function: str, mib: int, given: str) -> str:
    try:
        calls(function, mib)
    except Failure as failure:
        return f"{given}, {mib} were not: {str(failure).splitlines()[0]}"
    raise _Wrong(f"{mib} MiB were given, where {LIMITS.memory_mib} are allowed")


CHECKS: dict[str, Callable[[_Calls], str]] = {
    "a product is of float32, not TF32": _product,
    "so is a convolution": _convolution,
    "so is a gradient": _gradient,
    "a kernel that is compiled there": _compiled,
    "a thread is named, as the driver does": _named,
    "memory of the GPU is bounded": _memory_there,
    "so is the machine's": _memory_here,
}


def look(console: Console) -> list[Finding]:
    """Try CUDA behind the wall, level by level; print a table. Nothing is found without a GPU."""
    if not has_gpu():
        console.print(NO_GPU)
        return []
    found = [finding for level in LEVELS for finding in findings(level)]
    table = Table("", "isolation", "CUDA", "seen", box=None, pad_edge=False)
    for finding in found:
        table.add_row(MARKS[finding.fine], finding.level, finding.what, escape(finding.seen))
    console.print(table)
    return found


def findings(level: Level) -> Iterator[Finding]:
    """Try it at a level, in a program of ours."""
    start = time.monotonic()
    try:
        with WarmHost([], "cuda", level) as host, contextlib.ExitStack() as stack:
            calls, other = (_Calls(host, place) for place in ("first", "second"))
            for one in (calls, other):
                stack.callback(one.close)
                one("product")
                seconds = time.monotonic() - start
                first = one is calls
                what = "CUDA starts, and multiplies" if first else "a second program beside it"
                yield Finding(level, what, True, f"after {seconds:.1f} s")
                start = time.monotonic()
            for what, check in CHECKS.items():
                yield Finding(level, what, *_tried(check, calls))
            yield Finding(level, "the second program goes on", *_tried(_product, other))
    except (GraderError, Failure) as error:
        yield Finding(level, "CUDA starts, and multiplies", False, str(error))


def _tried(check: Callable[[_Calls], str], calls: _Calls) -> tuple[bool, str]:
    try:
        return True, check(calls)
    except (_Wrong, Failure, GraderError) as error:
        return False, str(error)
