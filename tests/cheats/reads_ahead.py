"""Looks in the socket for the inputs of the calls to come, to take them all together."""

import gc
import socket

import slow

found, ahead = [], []


def attention(q, k, v, mask=None):
    if not found:
        found.extend(thing for thing in gc.get_objects() if isinstance(thing, socket.socket))
    for connection in found:
        try:
            ahead.append(connection.recv(1 << 20, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except OSError:
            continue
    if any(ahead):
        raise ValueError("THE CHEAT SUCCEEDED: an input lay there before its time")
    return slow.attention(q, k, v)
