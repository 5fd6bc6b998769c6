"""Makes one file as large as it can, then one of many gibibytes that are all holes."""

import os

from wrong import attempt, rnn, rnn_step, succeed

# The current folder is /tmp, but for where Python lies below /tmp: then that is read-only.
with open("TRACE", "wb", buffering=0) as file:
    while attempt(file.write, bytes(1 << 20)):
        if file.tell() > 80 << 20:
            succeed("a file of 80 MiB")
    attempt(os.ftruncate, file.fileno(), 1 << 40)
    if os.fstat(file.fileno()).st_size >= 1 << 40:
        succeed("a file of a tebibyte")
