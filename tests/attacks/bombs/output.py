"""Prints gigabytes, on every stream that it has."""

import os

from wrong import during

WORDS = b"TRACE" * 400_000


def attack():
    for descriptor in (1, 2):
        for _ in range(512):
            os.write(descriptor, WORDS)
    print("TRACE" * 100_000)


rnn_step, rnn = during(attack)
