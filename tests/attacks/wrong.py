"""The program that every attack is built on, handed in beside it: half right, half zeros.

Without an attack it deserves the points of `rnn_step` and none of those of `rnn`.
"""

import ctypes
import os
import sys

import torch

LIBC = ctypes.CDLL(None, use_errno=True)
SUCCESSES = []


def rnn_step(x, h, w_xh, w_hh, b):
    tell()
    return torch.tanh(x @ w_xh + h @ w_hh + b)


def rnn(x, h, w_xh, w_hh, b):
    tell()
    return torch.zeros(*x.shape[:2], h.shape[-1], dtype=x.dtype)


def during(attack):
    """Both functions, with an attack before each call."""

    def attacking_step(*args):
        attack()
        return rnn_step(*args)

    def attacking_rnn(*args):
        attack()
        return rnn(*args)

    return attacking_step, attacking_rnn


def giving(attack):
    """Both functions, returning what the attack makes of a wrong result."""
    return (lambda *args: attack(rnn(args[0][:, None], *args[1:])[:, 0])), (
        lambda *args: attack(rnn(*args))
    )


class Success(Exception):  # noqa: N818
    pass


def succeed(what):
    """Report a success, now and in every call: the tests look for these words.

    What is raised while a file is loaded costs that statement alone, and is not heard of.
    """
    SUCCESSES.append(f"THE ATTACK SUCCEEDED: {what}")
    tell()


def tell():
    if SUCCESSES:
        raise Success(SUCCESSES[0])


def attempt(action, *args, **kwargs):
    """What the action gives, or None where it is refused."""
    try:
        return action(*args, **kwargs)
    except Success:
        raise
    except Exception:
        return None


def syscall(number, *args):
    """A raw system call's result, or minus the error's number."""
    result = LIBC.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in args])
    return -ctypes.get_errno() if result == -1 else result


def connection():
    """The number of the descriptor that leads to the grader."""
    for descriptor in range(64):
        link = attempt(os.readlink, f"/proc/self/fd/{descriptor}")
        if link and link.startswith("socket:"):
            return descriptor
    return None


def frames():
    """Every frame below this one, the grader's worker among them."""
    frame = sys._getframe()
    while frame:
        yield frame
        frame = frame.f_back


def request():
    """The message being answered, taken from the worker's own frame."""
    for frame in frames():
        if hasattr(frame.f_locals.get("request"), "nonce"):
            return frame.f_locals["request"]
    return None


def send(header, payload=b"", *, header_size=None, payload_size=None):
    """Write a frame of one's own on the connection."""
    import struct

    size = len(header) if header_size is None else header_size
    follows = len(payload) if payload_size is None else payload_size
    os.write(connection(), struct.pack("!IQ", size, follows) + header + payload)


def result(nonce, **fields):
    """A reply's header, as the grader's own worker makes it."""
    import msgspec

    return msgspec.msgpack.encode({"type": "result", "nonce": nonce, **fields})
