"""Looks for any process but its own, and for what /proc tells of it."""

import os

from wrong import rnn, rnn_step, succeed

others = [p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]
if others:
    succeed(f"it sees {len(others)} processes")
