"""Raises its own limits, or those of others."""

import os
import resource

from wrong import attempt, rnn, rnn_step, succeed

for name in ("AS", "CPU", "NPROC", "NOFILE", "FSIZE", "CORE"):
    which = getattr(resource, f"RLIMIT_{name}")
    _, hard = resource.getrlimit(which)
    if hard == resource.RLIM_INFINITY:
        succeed(f"there is no limit {name}")
    if attempt(lambda: resource.setrlimit(which, (hard, hard + 1)) or True):
        succeed(f"it raised {name}")
for process in (2, os.getppid() or 2):
    if attempt(resource.prlimit, process, resource.RLIMIT_CPU, (1, 1)):
        succeed("it set the limits of another")
