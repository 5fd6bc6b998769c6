"""Reads its parent and whatever has a low number through /proc and process_vm_readv."""

import os
import platform

from wrong import attempt, rnn, rnn_step, succeed, syscall

if os.getppid() != 0:
    succeed(f"it has a parent, {os.getppid()}")
for process in range(2, 200):
    if attempt(os.open, f"/proc/{process}/mem", os.O_RDONLY):
        succeed(f"the memory of {process}")
    if platform.machine() == "x86_64" and syscall(310, process, 0, 0, 0, 0, 0) == 0:
        succeed(f"process_vm_readv of {process}")
