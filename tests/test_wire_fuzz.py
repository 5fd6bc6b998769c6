"""What a hostile child may put on the wire: the grader reads it or refuses it, and nothing else."""

from __future__ import annotations

import contextlib
import random
import resource
import socket
import threading
import time
import tracemalloc
from typing import Any

import msgspec
import numpy as np
import pytest
import torch
from machine import unless_it_hangs

from autograder.sandbox import host, wire
from autograder.supervisor.child import Child, ChildDied, ChildTimedOut, ProcessLimits
from autograder.supervisor.reasons import explain

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

FRAMES = (12_000, 120_000)  # at every change, before a release
MEGABYTE = 1 << 20


def read(header: bytes, payload: bytes = b"") -> object:
    """Read a frame exactly as the supervisor and the tests' side do."""
    if len(header) > wire.MAX_REPLY_HEADER:
        raise wire.WireError("too long")
    reply = wire.parse_reply(header)
    if wire.reply_payload_size(reply) != len(payload):
        raise wire.WireError("another size")
    if isinstance(reply, wire.Asked):
        raise wire.WireError("a question in place of a reply")
    if not isinstance(reply, wire.Result):
        return explain(reply, "rnn", "rnn", "rnn.py")
    reader = wire.Reader(bytearray(payload))
    return reader.decode(reply.value), reader.decode(reply.gradients)


def harmless(header: bytes, payload: bytes = b"") -> bool:
    """Whether a frame is read; anything but a value or a WireError fails the test."""
    try:
        read(header, payload)
    except wire.WireError:
        return False
    return True


def seeds() -> list[tuple[bytes, bytes]]:
    """Frames that an honest child sends, of every form."""
    values = [
        None,
        True,
        -5,
        2.5,
        "text",
        torch.zeros(3, 5, dtype=torch.float64),
        torch.zeros(2, 0, 3),
        torch.ones(4, dtype=torch.bool),
        np.zeros((2, 3)),
        [torch.zeros(2), {"a": [1, 2.0, None], "b": torch.zeros(1, dtype=torch.int64)}],
        torch.device("cpu"),
        object(),
    ]
    frames = []
    for value in values:
        body: list[bytes] = []
        result = wire.Result(7, wire.encode(value, body), [0], wire.Items([None]))
        frames.append((b"".join(wire.pack(result)[1:]), b"".join(body)))
    source = wire.Frame("rnn.py", 3, "rnn", "1 / 0")
    for reply in (
        wire.Raised(7, "call", "ZeroDivisionError", "division by zero", [source]),
        wire.Raised(7, "import", "SyntaxError", "", []),
        wire.Missing(7, "int"),
        wire.Asked(7, wire.Items([2, "cpu"]), wire.Fields({"dim": -1})),
    ):
        frames.append((wire.pack(reply)[1], b""))
    return frames


WORDS = [b"tensor", b"items", b"fields", b"result", b"raised", b"missing", b"device", b"other"]
WORDS += [b"asked", b"args", b"kwargs"]
WORDS += [b"torch", b"numpy", b"float64", b"bool", b"complex128", b"shape", b"strides", b"nonce"]
NUMBERS = [b"\x00", b"\x7f", b"\xff", b"\xc0", b"\xcf" + b"\xff" * 8, b"\xd3\x80" + b"\0" * 7]
NUMBERS += [b"\xcb\x7f\xf8" + b"\0" * 6, b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff"]
NUMBERS += [b"\xdb\xff\xff\xff\xff", b"\xcf\0\0\1" + b"\0" * 5, b"\x91" * 40, b"\xc1", b"\xd9\xff"]


def mutated(frame: bytes, other: bytes, chance: random.Random) -> bytes:
    """A frame with a few things wrong: bytes, numbers, words, cuts, repeats, another's parts."""
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(len(frame) + 1)
        to = min(len(frame), at + chance.choice((0, 1, 2, 9, 40)))
        piece = chance.choice(
            (
                chance.choice(NUMBERS),
                chance.choice(WORDS),
                bytes([chance.randrange(256)]),
                other[at:to],
                frame[:at] * chance.choice((1, 2)),
                b"",
            )
        )
        frame = frame[:at] + piece + frame[to:]
    return frame


@pytest.mark.parametrize("frames", FRAMES)
def test_mutated_frames_are_read_or_refused(frames):
    """None raises anything but WireError, none hangs."""
    chance = random.Random(20_170_612)
    originals = seeds()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    read_well = 0
    for _ in range(frames):
        header, payload = chance.choice(originals)
        if chance.random() < 0.1 and payload:
            payload = mutated(payload, header, chance)
        else:
            header = mutated(header, chance.choice(originals)[0], chance)
        with unless_it_hangs():
            read_well += harmless(header, payload)
    assert read_well > frames // 50, "the mutations are so wild that nothing is tested"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown << 10 < 64 * MEGABYTE


SIZES = st.one_of(st.integers(-(2**63), 2**64 - 1), st.integers(0, 9), st.just(2**40))
DTYPE = st.sampled_from([*wire.DTYPES, "object", "O", "", "float64\0"])
TENSOR = st.fixed_dictionaries(
    {
        "type": st.just("tensor"),
        "library": st.sampled_from(["torch", "numpy", "numpy", "pickle"]),
        "dtype": DTYPE,
        "shape": st.lists(SIZES, max_size=10),
    },
    optional={"strides": st.lists(SIZES, max_size=4), "device": st.text(max_size=9)},
)
LEAF = st.one_of(st.none(), st.booleans(), SIZES, st.floats(), st.text(max_size=9), TENSOR)
TREE: Any = st.recursive(
    LEAF,
    lambda node: st.one_of(
        st.builds(lambda items: {"type": "items", "items": items}, st.lists(node, max_size=4)),
        st.builds(
            lambda fields: {"type": "fields", "fields": fields},
            st.dictionaries(st.text(max_size=3), node, max_size=3),
        ),
        st.builds(lambda name: {"type": "device", "name": name}, st.text(max_size=6)),
        st.builds(lambda items: items, st.lists(node, max_size=2)),
    ),
    max_leaves=8,
)


@settings(
    max_examples=700,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(value=TREE, gradients=st.one_of(st.none(), TREE), seed=st.integers(0, 255))
def test_wellformed_lies_are_read_or_refused(value, gradients, seed):
    """Frames of the right grammar with any sizes, dtypes and trees, and the bytes they ask for."""
    header = msgspec.msgpack.encode(
        {"type": "result", "nonce": 1, "value": value, "gradients": gradients}
    )
    try:
        size = wire.reply_payload_size(wire.parse_reply(header))
    except wire.WireError:
        return
    if size <= 1 << 16:
        assert harmless(header, bytes([seed]) * size)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(args=st.lists(TREE, max_size=3), kwargs=st.dictionaries(st.text(max_size=3), TREE))
def test_questions_are_passed_on_or_refused(args, kwargs):
    """A question's arguments, strides too, never stand for more bytes than may be sent."""
    given, named = {"type": "items", "items": args}, {"type": "fields", "fields": kwargs}
    question = {"type": "asked", "nonce": 1, "args": given, "kwargs": named}
    with contextlib.suppress(wire.WireError):
        reply = wire.parse_reply(msgspec.msgpack.encode(question))
        assert 0 <= wire.reply_payload_size(reply) <= wire.MAX_REPLY_PAYLOAD


@pytest.mark.parametrize(
    "shape",
    [[0, 2**40, 2**40], [2**40] * 8, [2**20, 2**20, 0], [2**28 + 1], [1] * 9, [2**40]],
)
@pytest.mark.parametrize("library", ["torch", "numpy"])
def test_sizes_are_refused_before_anything_is_allocated(shape, library):
    tensor = {"type": "tensor", "library": library, "dtype": "uint8", "shape": shape}
    header = msgspec.msgpack.encode({"type": "result", "nonce": 1, "value": tensor})
    tracemalloc.start()
    with pytest.raises(wire.WireError):
        wire.reply_payload_size(wire.parse_reply(header))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < MEGABYTE


@pytest.mark.parametrize(
    "node",
    [
        None,
        {"type": "tensor", "library": "torch", "dtype": "bool", "shape": [0]},
        {"type": "items", "items": []},
        {"type": "fields", "fields": {}},
        {"type": "other", "name": ""},
    ],
    ids=["nothing", "tensor", "items", "fields", "other"],
)
def test_a_full_header_grows_little(node):
    """The most that a header of the permitted size can be blown up to, and in what time."""
    size = len(msgspec.msgpack.encode(node))
    items = [node] * ((wire.MAX_REPLY_HEADER - 64) // size)
    header = msgspec.msgpack.encode(
        {"type": "result", "nonce": 1, "value": {"type": "items", "items": items}}
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with unless_it_hangs():
        assert harmless(header)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown << 10 < 100 * MEGABYTE


@pytest.mark.parametrize("name", sorted(wire.DTYPES))
def test_numbers_may_lie_at_any_address(name):
    """A byte before them moves all: torch ended the whole process on complex numbers there."""
    dtype = wire.DTYPES[name][0]
    numbers = torch.arange(125).remainder(2).to(dtype).reshape(5, 25)
    payload: list[bytes] = []
    tree = wire.encode([torch.zeros(1, dtype=torch.uint8), numbers], payload)
    _, back = wire.Reader(bytearray(b"".join(payload))).decode(tree)
    assert back.dtype == dtype
    assert torch.equal(back, numbers)


def test_booleans_are_nothing_but_zero_and_one():
    tensor = {"type": "tensor", "library": "torch", "dtype": "bool", "shape": [3]}
    header = msgspec.msgpack.encode({"type": "result", "nonce": 1, "value": tensor})
    value, _ = read(header, b"\x00\x02\xff")
    assert value.view(torch.uint8).tolist() == [0, 1, 1]


@pytest.fixture
def conversation(monkeypatch):
    """A supervisor's end of a connection, and the other end, which a child would have."""
    monkeypatch.setattr("autograder.supervisor.child._pid_of", lambda _: 0)
    ours, theirs = socket.socketpair()
    pidfd = socket.socket().detach()
    child = Child(ours, pidfd, ProcessLimits(1 << 30, 10), host.Ended)
    yield child, theirs
    theirs.close()
    child.close()


REPLY = b"".join(
    wire.pack(
        wire.Result(1, wire.Tensor("torch", "float64", [2])), [np.array([1.0, 2.0]).tobytes()]
    )
)


@pytest.mark.parametrize("length", range(len(REPLY) + 1))
def test_a_child_that_dies_at_any_byte(conversation, length):
    """Its reply is whole, or it has died: there is no third thing."""
    child, theirs = conversation
    theirs.sendall(REPLY[:length])
    theirs.shutdown(socket.SHUT_WR)
    request = wire.Load(1, [], "rnn")
    if length == len(REPLY):
        _, body = child.request(request, [], time.monotonic() + 60)
        assert wire.Reader(body).decode(wire.Tensor("torch", "float64", [2])).tolist() == [1, 2]
    else:
        with pytest.raises(ChildDied):
            child.request(request, [], time.monotonic() + 60)


def test_a_drip_ends_at_its_deadline(conversation):
    """A byte now and then keeps no one waiting longer."""
    child, theirs = conversation
    stop = threading.Event()

    def drip() -> None:
        for byte in REPLY[:-1]:
            if stop.wait(0.02):
                return
            theirs.send(bytes([byte]))

    thread = threading.Thread(target=drip)
    thread.start()
    with pytest.raises(ChildTimedOut):
        child.request(wire.Load(1, [], "rnn"), [], time.monotonic() + 0.3)
    assert thread.is_alive(), "it was waited for to its end"
    stop.set()
    thread.join()


def test_a_drip_does_not_hide_memory(conversation, monkeypatch):
    """Memory is looked at by the clock, not only when the connection is silent."""
    child, theirs = conversation
    monkeypatch.setattr(child, "_resident", lambda: 2 << 30)
    monkeypatch.setattr(child, "kill", lambda: None)
    theirs.sendall(REPLY)
    with pytest.raises(ChildDied, match="memory"):
        child.request(wire.Load(1, [], "rnn"), [], time.monotonic() + 60)


def test_descriptors_that_come_along_are_dropped(conversation):
    """A child may send open files with its bytes: none is taken."""
    from pathlib import Path

    child, theirs = conversation
    before = len(list(Path("/proc/self/fd").iterdir()))
    with open("/dev/null", "rb") as null:  # noqa: PTH123
        socket.send_fds(theirs, [REPLY], [null.fileno()] * 50)
    child.request(wire.Load(1, [], "rnn"), [], time.monotonic() + 60)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
