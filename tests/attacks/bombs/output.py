"""Prints gigabytes, on every stream that it has."""

import os

from wrong import during


def attack():
    for descriptor in (1, 2):
        for _ in range(512):
            os.write(descriptor, b"TRACE" * 400_000)
    print("TRACE" * 1_000_000)


rnn_step, rnn = during(attack)
