"""The loop beside a student's code: reads a request, calls the function, writes the reply."""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import importlib
import io
import os
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
import torch

from autograder.sandbox import evaluate, isolate, trying, wire
from autograder.sandbox.loader import SubmissionFinder
from autograder.sandbox.pretend import PRETEND, rehearses
from autograder.sandbox.torch_state import Uncompiled, restored

MMAP_BYTES = 1 << 17  # glibc's own value, until it raises it
_M_MMAP_THRESHOLD = -3  # malloc.h

UNCOMPILED = Uncompiled()
REHEARSED = rehearses()

_print = print

Stage = Literal["import", "place", "call", "reply"]


def warm() -> None:
    """Do before a fork what each fork would have to do again. Runs no tensor operation."""
    torch.set_num_threads(1)
    # On a GPU, float32 is to have its own precision, as on the CPU.
    torch.backends.cudnn.allow_tf32 = False
    # The first torch.autograd.grad imports it, in 0.3 s.
    importlib.import_module("torch.fx.experimental.symbolic_shapes")


def serve(connection: socket.socket) -> None:
    """Answer requests until the other side hangs up."""
    finder = SubmissionFinder([])
    buffers = Buffers()
    stream = connection.makefile("rb")
    while (received := wire.receive(stream)) is not None:
        header, payload = received
        request = _here(wire.parse_request(header))
        trying.asks = _asking(connection, stream, request.nonce)
        body: list[bytes] = []
        if isinstance(request, wire.Start):
            reply: wire.Reply = start(request)
        elif isinstance(request, wire.Load):
            limits = request.statement_seconds, request.load_seconds
            finder = SubmissionFinder(request.sources, request.skip, *limits, isolate.set_name)
            reply = load(request, finder)
        else:
            reply = answer(request, payload, body, buffers, finder)
        # In one go: each part on its own would wake the reader, at this process's cost.
        parts = wire.pack(reply, body if isinstance(reply, wire.Result) else ())
        connection.sendall(b"".join(parts))


def _here(request: wire.Request) -> wire.Request:
    """What is asked of CUDA is asked of the pretend device where that stands for it."""
    if REHEARSED and not isinstance(request, wire.Load) and request.device == "cuda":
        wire.ALIASES[PRETEND] = "cuda"
        return msgspec.structs.replace(request, device=PRETEND)
    return request


def start(request: wire.Start) -> wire.Reply:
    """Start a device, which takes seconds on a GPU, so that no call of the program's has to."""
    try:
        if request.device == PRETEND:
            from autograder.sandbox import accelerator  # the host has imported it for this child

            accelerator.register(alone=True)
            # Where it stands for CUDA a program may name that.
            accelerator.DEVICE.asked = PRETEND in wire.ALIASES
        else:
            torch.ones(1, device=request.device)
            total = torch.cuda.get_device_properties(request.device).total_memory
            torch.cuda.set_per_process_memory_fraction(min(1.0, request.memory / total))
        return wire.Loaded(request.nonce)
    except Exception as error:
        return _raised(request.nonce, "place", error, SubmissionFinder([]))


def load(request: wire.Load, finder: SubmissionFinder) -> wire.Reply:
    """Make the submission importable and import its main module."""
    if request.measured:
        return_freed_memory()
    finder.install()
    try:
        with restored():
            stopped = finder.load(request.main)
        return wire.Loaded(request.nonce, stopped, UNCOMPILED.asked)
    except BaseException as error:  # SystemExit too: a reply is owed
        return _raised(request.nonce, "import", error, finder)


def return_freed_memory() -> None:
    """Let every tensor of some size go back to the kernel when it is freed.

    Otherwise glibc keeps it, and now and then, for the alignment's sake, does not use it again:
    a program that works block by block then seems to hold all of its blocks.
    """
    with contextlib.suppress(AttributeError):  # another libc
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, MMAP_BYTES)


def answer(
    request: wire.Call,
    payload: bytearray,
    body: list[bytes],
    buffers: Buffers,
    finder: SubmissionFinder,
) -> wire.Reply:
    """Make one call; whatever it raises becomes a reply."""
    stage: Stage = "import"
    try:
        module = importlib.import_module(request.module)
        function = getattr(module, request.function, None)
        if not callable(function):
            found = None if function is None else wire.clean(type(function).__qualname__, 200)
            return wire.Missing(
                request.nonce, found, finder.lost(request.function, module.__dict__)
            )
        stage = "place"
        given = _given(request, payload)
        stage = "call"
        if request.device == PRETEND:
            outcome = _on_pretend(function, given, finder)
        else:
            outcome = _call(function, request.mode, given, buffers)
        stage = "reply"
        value = wire.encode(outcome.value, body)
        gradients = outcome.gradients
        pulled = (
            None if gradients is None else wire.Items([wire.encode(g, body) for g in gradients])
        )
        return wire.Result(
            request.nonce,
            value,
            outcome.changed,
            pulled,
            outcome.operations,
            UNCOMPILED.asked,
        )
    except BaseException as error:  # SystemExit and KeyboardInterrupt too: a reply is owed
        return _raised(request.nonce, stage, error, finder)


class _Given(NamedTuple):
    """What a function is called with, on the device, and how its gradients are pulled."""

    args: list[Any]
    kwargs: dict[str, Any]
    cotangents: list[Any] | None


def _given(request: wire.Call, payload: bytearray) -> _Given:
    reader = wire.Reader(payload, request.device)
    args, kwargs = reader.decode(request.args), reader.decode(request.kwargs)
    cotangents = None if request.cotangents is None else reader.decode(request.cotangents)
    return _Given(args, kwargs, cotangents)


def _call(
    function: Callable[..., Any], mode: wire.Mode, given: _Given, buffers: Buffers
) -> evaluate.CallResult:
    if given.cotangents is not None:
        return evaluate.vjp(function, given.args, given.kwargs, given.cotangents)
    args = buffers.refill(given.args)
    if mode == "plain":
        return evaluate.CallResult(function(*args, **given.kwargs))
    if mode == "count":
        return evaluate.counted(function, args, given.kwargs)
    return evaluate.call(function, args, given.kwargs)


def _on_pretend(
    function: Callable[..., Any], given: _Given, finder: SubmissionFinder
) -> evaluate.CallResult:
    from autograder.sandbox import accelerator

    return accelerator.call(function, *given, finder.owns)


class Buffers:
    """The last call's arguments: a new call's values are written into the same memory.

    So does a training loop with its batches; a cache by identity or address then shows, and so does
    a gradient that was left in a tensor's `.grad` and is added to.
    """

    def __init__(self) -> None:
        self._last: list[Any] = []

    def refill(self, args: list[Any]) -> list[Any]:
        """Return `args`, those that fit put into the buffers of the call before."""
        fresh: list[Any] = _refilled(self._last, args)
        self._last = fresh
        return fresh


def _refilled(old: Any, new: Any) -> Any:
    if isinstance(new, torch.Tensor) and isinstance(old, torch.Tensor):
        fits = (
            old.shape == new.shape
            and old.stride() == new.stride()
            and old.dtype == new.dtype
            and old.device == new.device
            and old.is_leaf
            and 0 not in new.stride()
        )
        if fits:
            return old.requires_grad_(False).copy_(new)
    if isinstance(new, np.ndarray) and isinstance(old, np.ndarray):
        fits = old.shape == new.shape and old.strides == new.strides and old.dtype == new.dtype
        if fits and old.flags.writeable and 0 not in old.strides:
            np.copyto(old, new)
            return old
    if isinstance(new, dict) and isinstance(old, dict):
        return {key: _refilled(old.get(key), value) for key, value in new.items()}
    if isinstance(new, list) and isinstance(old, list):
        rest = new[len(old) :]
        return [*map(_refilled, old, new), *rest]
    return new


def _raised(
    nonce: int, stage: Stage, error: BaseException, finder: SubmissionFinder
) -> wire.Raised:
    """Describe an exception, itself a thing that a student wrote, without trusting it."""
    try:
        if isinstance(error, SyntaxError):
            frames, message = [_syntax_frame(error)], wire.clean(error.msg)
        else:
            frames = list(_frames(error, finder.owns))[-20:]
            message = wire.clean(evaluate.words(error))
        kinds = [wire.clean(kind.__name__, 200) for kind in type(error).__mro__[:16]]
        lost, misplaced = _lost(error, finder), _misplaced(error, finder)
        return wire.Raised(nonce, stage, kinds[0], message, frames, kinds, lost, misplaced)
    except BaseException:
        return wire.Raised(nonce, stage, "Exception", "it cannot be described")


def _misplaced(error: BaseException, finder: SubmissionFinder) -> wire.Misplaced | None:
    """What was on the wrong device, if this process has the pretend accelerator."""
    if "autograder.sandbox.accelerator" not in sys.modules:
        return None
    from autograder.sandbox import accelerator

    return accelerator.misplaced(error, finder.owns) if accelerator.is_registered() else None


def _lost(error: BaseException, finder: SubmissionFinder) -> wire.Lost | None:
    """Why a name that was missed has no value, if it is known."""
    if type(error) is not NameError or error.__traceback__ is None:
        return None
    *_, (last, _) = traceback.walk_tb(error.__traceback__)
    return finder.lost(error.name, last.f_globals)


def _frames(error: BaseException, owns: Callable[[str], bool]) -> Iterator[wire.Frame]:
    """The lines of the traceback that are in the submission's own files."""
    for frame in traceback.extract_tb(error.__traceback__):
        if owns(frame.filename):
            name, text = wire.clean(frame.name, 200), wire.clean(frame.line or "", 200)
            yield wire.Frame(wire.clean(frame.filename, 200), frame.lineno or 0, name, text)


def _syntax_frame(error: SyntaxError) -> wire.Frame:
    text = wire.clean(error.text or "", 200).strip()
    return wire.Frame(wire.clean(error.filename, 200), int(error.lineno or 0), "", text)


def _asking(connection: socket.socket, stream: io.BufferedReader, nonce: int) -> trying.Ask:
    """What asks the other side, while a call goes on, for a call of a function that is there."""

    def ask(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        body: list[bytes] = []
        given = wire.Items([wire.encode(arg, body, strided=True) for arg in args])
        named = wire.Fields({k: wire.encode(v, body, strided=True) for k, v in kwargs.items()})
        connection.sendall(b"".join(wire.pack(wire.Asked(nonce, given, named), body)))
        received = wire.receive(stream)
        if received is None:
            os._exit(0)
        header, payload = received
        reply = wire.parse_reply(header)
        if isinstance(reply, wire.Raised):
            raise trying.exception_of(reply.kinds)(reply.message)
        assert isinstance(reply, wire.Result)
        value = wire.Reader(payload).decode(reply.value)
        return tuple(value) if isinstance(value, list) else value

    return ask


def _unheard(*values: Any, file: Any = None, **options: Any) -> None:
    """`print`, but what nobody can read is not even formatted: for a tensor that takes long."""
    if file not in (None, sys.stdout, sys.stderr):
        _print(*values, file=file, **options)


def main(connection: socket.socket, scratch: str) -> None:
    """Serve, then leave without running anything that the student registered for the exit."""
    sys.argv = [""]
    sys.path[:] = [path for path in sys.path if path]
    seen = {name: os.environ[name] for name in [isolate.GPUS] if name in os.environ}
    os.environ.clear()
    os.environ.update(seen, HOME=scratch, TMPDIR=scratch, USER="student")
    tempfile.tempdir = None  # what the host may have found out for itself
    builtins.print = _unheard
    try:
        serve(connection)
    finally:
        os._exit(0)
