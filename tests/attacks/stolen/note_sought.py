"""Looks for the note that another submission left."""

import os

from wrong import attempt, rnn, rnn_step, succeed

folders = {"/", "/var", "/run", "/home", "/grader", "/proc", "/sys", "/dev/pts", "/dev/mqueue"}
folders |= {line.split()[4] for line in open("/proc/self/mountinfo")}
for folder in folders | {os.path.dirname(folder) for folder in folders}:
    for name in attempt(os.listdir, folder) or []:
        if "TRACE" in name:
            succeed(f"a note in {folder}")
