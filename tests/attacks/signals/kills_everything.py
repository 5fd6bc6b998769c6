"""Sends SIGKILL to everyone, to its group, and to every number."""

import os
import signal

from wrong import attempt, rnn, rnn_step

for target in (-1, 0, *range(2, 400)):
    attempt(os.kill, target, signal.SIGKILL)
for target in (0, 1, os.getpgrp(), os.getppid()):
    attempt(os.killpg, target, signal.SIGKILL)
