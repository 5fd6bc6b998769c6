"""Takes priority over everyone, and every core, and gives the others none."""

import os

from wrong import attempt, rnn, rnn_step, succeed

tries = {
    "its own priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, 1) or True,
    "its group's priority": lambda: os.setpriority(os.PRIO_PGRP, 0, 19) or True,
    "its user's priority": lambda: os.setpriority(os.PRIO_USER, 0, 19) or True,
    "nice": lambda: os.nice(1) or True,
    "its cores": lambda: os.sched_setaffinity(0, {0}) or True,
    "its scheduler": lambda: os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0)) or True,
}
for name, action in tries.items():
    if attempt(action):
        succeed(f"it set {name}")
