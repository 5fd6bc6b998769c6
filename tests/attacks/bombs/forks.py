"""Forks, and its children fork."""

import os

from wrong import LIBC, attempt, rnn, rnn_step, succeed

for _ in range(16):
    child = attempt(os.fork)
    if child == 0:
        os._exit(0)
    if child or LIBC.fork() >= 0 or attempt(os.forkpty):
        succeed("a process of its own")
