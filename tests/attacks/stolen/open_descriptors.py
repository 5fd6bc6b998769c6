"""Lists its open descriptors: anything but /dev/null and one socket came from the grader."""

import os

from wrong import attempt, rnn, rnn_step, succeed

links = [attempt(os.readlink, f"/proc/self/fd/{fd}") for fd in range(1024)]
known = [link for link in links if link and link != "/dev/null" and "/proc/" not in link]
if len(known) != 1 or not known[0].startswith("socket:"):
    succeed(f"it holds {known}")
