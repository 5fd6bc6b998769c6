"""Keeps the core busy, so that the reference is slow in its turn."""

import threading

import slow

started = []


def spin():
    while True:
        sum(range(1000))


def attention(q, k, v, mask=None):
    if not started:
        started.extend(threading.Thread(target=spin, daemon=True) for _ in range(3))
        for thread in started:
            thread.start()
    return slow.attention(q, k, v)
