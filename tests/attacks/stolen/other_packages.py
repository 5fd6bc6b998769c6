"""Looks for packages that lie on the machine, but not in the environment: its base's, the system's."""

import importlib
import sys
from pathlib import Path

from wrong import during, succeed

MINE = {Path(place).resolve() for place in sys.path}
ROOTS = {sys.base_prefix, sys.prefix, "/usr", "/usr/local"}


def attack():
    for root in ROOTS:
        for place in Path(root).glob("lib*/python3*/*-packages"):
            if place.resolve() in MINE:
                continue
            for file in place.rglob("*.py"):
                try:
                    found = file.read_bytes()
                except OSError:
                    continue
                if found:
                    succeed(f"read {file}")


rnn_step, rnn = during(attack)
