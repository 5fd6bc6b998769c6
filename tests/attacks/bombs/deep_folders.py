"""Nests folders deeper than whoever removes them can recurse, or open."""

import os

from wrong import attempt, rnn, rnn_step

place = os.open(".", os.O_RDONLY)
for _ in range(1200):
    attempt(os.mkdir, "TRACE", dir_fd=place)
    inner = attempt(os.open, "TRACE", os.O_RDONLY, dir_fd=place)
    if inner is None:
        break
    os.close(place)
    place = inner
