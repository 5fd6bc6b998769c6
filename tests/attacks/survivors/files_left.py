"""Leaves files in its scratch folders, hidden ones and ones with odd names."""

from wrong import attempt, rnn, rnn_step

for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run", "/dev", "/grader", "/proc", "."):
    for name in ("TRACE", ".TRACE", "TRACE\n", "TRACE\udcff", "-rf TRACE"):
        attempt(lambda: open(f"{folder}/{name}", "w").write("x"))
