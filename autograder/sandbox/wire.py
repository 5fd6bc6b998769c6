"""What crosses the sandbox's wall: fixed frames over a socket, never pickle.

A frame is two lengths (header, payload), a MessagePack header of one of the types below, and the
raw bytes of the tensors that the header names, in order. A reader checks every length, dtype and
shape before it allocates. There is no shared memory, so nothing can be shrunk or rewritten while
the other side reads it.
"""

from __future__ import annotations

import io
import math
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import torch
from msgspec import Meta

LENGTHS = struct.Struct("!IQ")
MAX_REPLY_HEADER = 1 << 18  # 28 thousand numbers
MAX_REPLY_PAYLOAD = 8 << 20  # where nothing else is said; a course says it, see core/course.py
MAX_DEPTH = 32
MAX_STOPPED = 100  # statements
POSITION = "load {}:{}"  # a process's name while it loads a submission: in 15 characters
TEXT = 2000  # characters of a message or a source line that are passed on

DTYPES: dict[str, tuple[torch.dtype, int]] = {
    "bool": (torch.bool, 1),
    "uint8": (torch.uint8, 1),
    "int8": (torch.int8, 1),
    "int16": (torch.int16, 2),
    "int32": (torch.int32, 4),
    "int64": (torch.int64, 8),
    "float16": (torch.float16, 2),
    "bfloat16": (torch.bfloat16, 2),
    "float32": (torch.float32, 4),
    "float64": (torch.float64, 8),
    "complex64": (torch.complex64, 8),
    "complex128": (torch.complex128, 16),
}
NAMES = {dtype: name for name, (dtype, _) in DTYPES.items()}

ALIASES: dict[str, str] = {}  # how a device is called on the other side, where that differs
DEVICE = r"\A(cpu|cuda|gpu)(:\d{1,2})?\Z"  # the last is pretended: see accelerator.py
Size = Annotated[int, Meta(ge=0, le=1 << 40)]
Sizes = Annotated[list[Size], Meta(max_length=8)]
Text = Annotated[str, Meta(max_length=TEXT)]
Short = Annotated[str, Meta(max_length=200)]
Position = tuple[Size, Size]  # the number of a source, and of a statement of its own from 1 on


class WireError(Exception):
    """A frame that is not one of ours: too large, cut short, or of no known form."""


class Tensor(msgspec.Struct, frozen=True, tag="tensor"):
    """A tensor or array; its bytes are in the payload. Without strides it is contiguous."""

    library: Literal["torch", "numpy"]
    dtype: Short
    shape: Sizes
    strides: Sizes | None = None
    device: Short = "cpu"

    @property
    def elements(self) -> int:
        """How many elements the payload holds for it."""
        if self.strides is None or 0 in self.shape:
            return math.prod(self.shape)
        return _spanned(self.shape, self.strides)

    @property
    def nbytes(self) -> int:
        """How many bytes of the payload are its own."""
        return self.elements * DTYPES[self.dtype][1]


class Items(msgspec.Struct, frozen=True, tag="items"):
    """A list or a tuple: the same to a test."""

    items: list[Node]


class Fields(msgspec.Struct, frozen=True, tag="fields"):
    """A dict with names for keys."""

    fields: dict[str, Node]


class Device(msgspec.Struct, frozen=True, tag="device"):
    """A torch.device."""

    name: Annotated[str, Meta(pattern=DEVICE)]


class Other(msgspec.Struct, frozen=True, tag="other"):
    """A value of a type that does not cross; only its type's name does."""

    name: Short

    def __str__(self) -> str:
        return f"a value of type {self.name}"


TOO_LARGE = Other("int, too large")
Node = Tensor | Items | Fields | Device | Other | bool | int | float | str | None


class Source(msgspec.Struct, frozen=True):
    """One file of a submission: a module, or a notebook's code cells.

    module: dotted where it is one of a package, whose own file is called `…/__init__.py`. unrun:
    what may be meant to be run, but is not: Markdown and raw cells, their places and texts.
    """

    module: str
    file: str
    cells: list[str]
    notebook: bool
    wanted: list[str]
    unrun: list[tuple[str, str]] = []


class Start(msgspec.Struct, frozen=True, tag="start"):
    """Start a device, before anything of the submission is there. memory: bytes of a GPU's own."""

    nonce: int
    device: str
    memory: int


class Load(msgspec.Struct, frozen=True, tag="load"):
    """The submission, sent once, before any call; its module `main` is imported at once.

    measured: whether the process is there to have its peak memory read. skip: the statements that
    an earlier load was stopped at. statement_seconds, load_seconds: CPU seconds that a statement,
    and all of them together, may take.
    """

    nonce: int
    sources: list[Source]
    main: str
    measured: bool = False
    skip: list[Position] = []
    statement_seconds: float = 5.0
    load_seconds: float = 20.0


Mode = Literal["observe", "plain", "count"]


class Call(msgspec.Struct, frozen=True, tag="call"):
    """Call a function; with cotangents, pull them back to its floating tensor arguments.

    mode: "observe" sees which arguments are changed in place; "plain" does nothing besides, which
        is what a timed call is; "count" counts the operations that torch is asked for.
    """

    nonce: int
    module: str
    function: str
    args: Items
    kwargs: Fields
    device: str = "cpu"
    cotangents: Items | None = None
    mode: Mode = "observe"


class Result(msgspec.Struct, frozen=True, tag="result"):
    """What a call gave: see evaluate.CallResult. uncompiled: see Loaded."""

    nonce: int
    value: Node = None
    changed: Annotated[list[Size], Meta(max_length=32)] = []
    gradients: Items | None = None
    operations: Size | None = None
    uncompiled: bool = False


class Loaded(msgspec.Struct, frozen=True, tag="loaded"):
    """The submission is loaded, or the device started. stopped: the statements that took too long.

    uncompiled: whether `torch.compile` was asked for, which hands functions back as they are.
    """

    nonce: int
    stopped: Annotated[list[Position], Meta(max_length=MAX_STOPPED)] = []
    uncompiled: bool = False


class Frame(msgspec.Struct, frozen=True):
    """One line of a traceback, in a file of the submission."""

    file: Short
    line: int
    function: Short
    text: Short


class Lost(msgspec.Struct, frozen=True):
    """A name that has no value, because of a statement that failed while the files were loaded.

    error: what it raised; empty where it was stopped, since it took too long.
    """

    name: Short
    frame: Frame
    error: Short
    message: Text


Rule = Literal["meets", "numpy", "cuda", "result", "layout", "training"]


class Misplaced(msgspec.Struct, frozen=True):
    """Why a call would fail on a GPU.

    rule: a tensor on the CPU meets one on the GPU, NumPy reads one there, the program names CUDA,
        the result is on the CPU, or weights do not lie as a kernel of CUDA's takes them.
    operation: the one that was asked for, and at: where. made: the call that made the tensor on the
        CPU, and born: where.
    """

    rule: Rule
    operation: Short = ""
    at: Frame | None = None
    made: Short = ""
    born: Frame | None = None


class Raised(msgspec.Struct, frozen=True, tag="raised"):
    """An exception, in the words of the program that raised it; `kinds`: it and its bases.

    stage: place is where the arguments are brought to the device, before the program has them.
    lost: why a name has no value that the program missed. misplaced: what was on the wrong device.
    """

    nonce: int
    stage: Literal["import", "place", "call", "reply"]
    error: Short
    message: Text
    frames: Annotated[list[Frame], Meta(max_length=20)] = []
    kinds: Annotated[list[Short], Meta(max_length=16)] = []
    lost: Lost | None = None
    misplaced: Misplaced | None = None


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    """No such function; `found` is the type of what has its name, if anything has.

    lost: why it is not there, if it was written.
    """

    nonce: int
    found: Short | None = None
    lost: Lost | None = None


class Asked(msgspec.Struct, frozen=True, tag="asked"):
    """During a call: what the program wants to know of a function that is elsewhere.

    The answer is a Result or a Raised; then the call goes on.
    """

    nonce: int
    args: Items
    kwargs: Fields


Request = Start | Load | Call
Reply = Loaded | Result | Raised | Missing | Asked

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_replies: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)


def pack(message: Request | Reply, payload: Sequence[bytes] = ()) -> list[bytes]:
    """Frame a message and its tensors' bytes, as buffers to send in order."""
    header = _encoder.encode(message)
    return [LENGTHS.pack(len(header), sum(map(len, payload))), header, *payload]


def receive(stream: io.BufferedReader) -> tuple[bytes, bytearray] | None:
    """Wait for a frame, and return its header and payload; None where the other side hung up."""
    lengths = stream.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    header_size, payload_size = LENGTHS.unpack(lengths)
    header = stream.read(header_size)
    payload = bytearray(payload_size)
    stream.readinto(payload)
    return header, payload


def parse_request(header: bytes) -> Request:
    """Decode a request's header."""
    return _requests.decode(header)


def parse_reply(header: bytes) -> Reply:
    """Decode a reply's header, which nobody vouches for. Raises WireError."""
    try:
        return _replies.decode(header)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise WireError(f"not a reply: {error}") from None


def reply_payload_size(reply: Reply, most: int = MAX_REPLY_PAYLOAD) -> int:
    """How many bytes must follow a reply's header. Raises WireError where that is above `most`."""
    if not isinstance(reply, Result | Asked):
        return 0
    nodes: list[Node] = []
    if asked := isinstance(reply, Asked):  # it keeps its strides: nobody of ours reads its numbers
        nodes += [reply.args, reply.kwargs]
    else:
        nodes += [reply.value, reply.gradients]
    total = 0
    for tensor in [tensor for node in nodes for tensor in tensors(node)]:
        strides = tensor.strides
        if tensor.dtype not in DTYPES or (strides is not None and not asked):
            raise WireError(f"a tensor of dtype {tensor.dtype!r} or with strides")
        if strides is not None and len(strides) != len(tensor.shape):
            raise WireError("a tensor with a stride too many or too few")
        if tensor.library == "numpy" and tensor.dtype == "bfloat16":
            raise WireError("a NumPy array of bfloat16, which NumPy has not")
        total += tensor.nbytes
        spanned = math.prod(max(size, 1) for size in tensor.shape)  # (0, 2**40, 2**40) too
        if max(total, spanned) > most:
            raise WireError(f"a result of more than {most >> 20} MiB")
    return total


def tensors(node: Node, depth: int = 0) -> Iterator[Tensor]:
    """The tensors of a tree, in the order of their bytes. Raises WireError where it is too deep."""
    if depth > MAX_DEPTH:
        raise WireError(f"a value nested more than {MAX_DEPTH} deep")
    if isinstance(node, Tensor):
        yield node
    elif isinstance(node, Items):
        for item in node.items:
            yield from tensors(item, depth + 1)
    elif isinstance(node, Fields):
        for item in node.fields.values():
            yield from tensors(item, depth + 1)


def clean(text: object, limit: int = TEXT) -> str:
    """A string that UTF-8 can carry (no lone surrogates), cut to a limit."""
    return str(text)[:limit].encode("utf-8", "replace").decode("utf-8")


def encode(value: Any, payload: list[bytes], *, strided: bool = False, depth: int = 0) -> Node:
    """Turn a value into a tree and append its tensors' bytes to `payload`.

    strided: keep the strides of tensors that are not contiguous (only trusted readers send them).
    """
    if depth > MAX_DEPTH:
        return Other("nested too deep")
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**63 else TOO_LARGE
    if isinstance(value, torch.Tensor):
        return _encode_torch(value, payload, strided)
    if isinstance(value, np.ndarray):
        return _encode_numpy(value, payload, strided)
    if isinstance(value, np.generic):
        return encode(value.item(), payload, depth=depth + 1)
    if isinstance(value, Mapping):
        fields = {
            clean(key): encode(item, payload, strided=strided, depth=depth + 1)
            for key, item in value.items()
        }
        return Fields(fields)
    if isinstance(value, (list, tuple)):
        return Items([encode(v, payload, strided=strided, depth=depth + 1) for v in value])
    if isinstance(value, torch.device):
        name = _named(value)
        return Device(name) if re.match(DEVICE, name) else Other(f"{name} device")
    return Other(clean(type(value).__qualname__, 200))


def _named(device: torch.device) -> str:
    name = str(device)
    kind = name.partition(":")[0]
    return ALIASES.get(kind, kind) + name.removeprefix(kind)


def _encode_torch(value: torch.Tensor, payload: list[bytes], strided: bool) -> Node:
    name = NAMES.get(value.dtype)
    if name is None or value.layout != torch.strided:
        return Other(f"{value.dtype} tensor"[:200])
    shape, device = list(value.shape), _named(value.device)
    if value.dtype is torch.bfloat16:  # which NumPy has not
        value = value.view(torch.int16)
    strides = _append(value.numpy(force=True), payload, strided)
    return Tensor("torch", name, shape, strides, device)


def _encode_numpy(value: np.ndarray, payload: list[bytes], strided: bool) -> Node:
    name = value.dtype.name
    if name not in DTYPES:
        return Other(f"{name} array"[:200])
    if not value.dtype.isnative:
        value = value.astype(value.dtype.newbyteorder("="))
    return Tensor("numpy", name, list(value.shape), _append(value, payload, strided))


def _append(array: np.ndarray, payload: list[bytes], strided: bool) -> list[int] | None:
    """Append an array's bytes; with what lies between its elements if its strides are returned."""
    steps = [step // array.itemsize for step in array.strides]
    if not strided or array.flags.c_contiguous or not array.size or min(steps) < 0:
        payload.append(array.tobytes())
        return None
    count = _spanned(array.shape, steps)
    span = np.lib.stride_tricks.as_strided(array, (count,), (array.itemsize,))
    payload.append(span.tobytes())
    return steps


def _spanned(shape: Sequence[int], strides: Sequence[int]) -> int:
    """How many elements lie between the first and the last, both included."""
    return 1 + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))


class Reader:
    """Takes a tree's tensors out of a payload, in order."""

    def __init__(self, payload: bytearray, device: str = "cpu") -> None:
        self._payload = payload
        self.offset = 0
        self._device = device

    def decode(self, node: Node) -> Any:
        """Build the value that a tree stands for; tensors are on the reader's device."""
        if isinstance(node, Tensor):
            return self._tensor(node)
        if isinstance(node, Items):
            return [self.decode(item) for item in node.items]
        if isinstance(node, Fields):
            return {key: self.decode(item) for key, item in node.fields.items()}
        if isinstance(node, Device):
            return torch.device(node.name)
        return node

    def _tensor(self, node: Tensor) -> torch.Tensor | np.ndarray:
        start, self.offset = self.offset, self.offset + node.nbytes
        flat = _own(node, self._payload, start)
        if node.strides is not None and node.nbytes:
            steps = [stride * flat.itemsize for stride in node.strides]
            array = np.lib.stride_tricks.as_strided(flat, node.shape, steps)
        else:
            array = flat.reshape(node.shape)
        if node.library == "numpy":
            return array
        tensor = torch.from_numpy(array)
        if node.dtype == "bfloat16":
            tensor = tensor.view(torch.bfloat16)
        return tensor.to(self._device) if self._device == "cuda" else tensor


def _own(node: Tensor, payload: bytearray, start: int) -> np.ndarray:
    """A tensor's numbers in memory of their own, wherever they lay; booleans as 0 and 1."""
    held = {"bool": "uint8", "bfloat16": "int16"}.get(node.dtype, node.dtype)
    raw = np.frombuffer(payload, held, node.elements, start) if node.nbytes else np.empty(0, held)
    return raw != 0 if node.dtype == "bool" else raw.copy()
