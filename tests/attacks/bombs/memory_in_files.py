"""Keeps memory in files of every folder that it can write to, where no process is seen to hold it."""

import os

from wrong import attempt, rnn, rnn_step, succeed

total = 0
folders = {line.split()[4] for line in open("/proc/self/mountinfo")}
for folder in sorted(folders):
    for number in range(100):
        file = attempt(open, f"{folder}/TRACE-{number}", "wb", buffering=0)
        written = 0
        while file and (more := attempt(file.write, bytes(1 << 20))):
            written += more
            if total + written > 40 << 20:
                succeed("40 MiB are hidden in files")
        total += written
        if not written:
            break
    for number in range(100):
        attempt(os.unlink, f"{folder}/TRACE-{number}")
