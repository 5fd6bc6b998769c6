"""Reads the environment, its own and that of whatever started it."""

import os
from pathlib import Path

from wrong import attempt, rnn, rnn_step, succeed

found = str(dict(os.environ)).encode()
for process in Path("/proc").glob("[0-9]*"):
    found += attempt((process / "environ").read_bytes) or b""
if b"CANARY" in found or b"PYTEST" in found:
    succeed("it holds variables of the grader")
