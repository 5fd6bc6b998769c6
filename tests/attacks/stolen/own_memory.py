"""Searches all of its own memory for what the process that it was forked from may have held."""

import ctypes

from wrong import attempt, rnn, rnn_step, succeed  # noqa: F401

NEEDLES = [b"pytest.mark." + b"exercise(", b"assert_" + b"gradients(", b"BEGIN " + b"SOLUTION"]
MINE = len(open("/proc/self/maps").read())
for line in open("/proc/self/maps").read().splitlines():
    area, rights, *rest = line.split()
    if not rights.startswith("rw") or len(rest) > 3 and not rest[3].startswith("[heap"):
        continue
    start, end = (int(number, 16) for number in area.split("-"))
    memory = attempt(ctypes.string_at, start, min(end - start, 1 << 24)) or b""
    for needle in NEEDLES:
        if needle in memory:
            succeed(f"{needle} is in memory at {start:x}")
