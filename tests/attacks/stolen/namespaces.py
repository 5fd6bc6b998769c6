"""Makes namespaces of its own, where it would be root, or enters others."""

import os

from wrong import LIBC, attempt, rnn, rnn_step, succeed

for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000):
    if LIBC.unshare(flag) == 0:
        succeed(f"unshare({flag:#x})")
for name in ("mnt", "net", "pid", "user"):
    descriptor = attempt(os.open, f"/proc/self/ns/{name}", os.O_RDONLY)
    if descriptor is not None and LIBC.setns(descriptor, 0) == 0:
        succeed(f"setns({name})")
