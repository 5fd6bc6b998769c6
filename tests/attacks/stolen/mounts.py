"""Mounts, unmounts, remounts, changes its root."""

import os

from wrong import LIBC, attempt, rnn, rnn_step, succeed

MS_REMOUNT, MS_BIND = 32, 4096
tries = {
    "mount": lambda: LIBC.mount(b"none", b"/tmp", b"tmpfs", 0, b""),
    "remount": lambda: LIBC.mount(b"none", b"/proc", b"none", MS_REMOUNT | MS_BIND, b""),
    "bind": lambda: LIBC.mount(b"/usr", b"/tmp", b"none", MS_BIND, b""),
    "umount": lambda: LIBC.umount2(b"/proc", 2),
    "umount of /tmp": lambda: LIBC.umount2(b"/tmp", 2),
    "chroot": lambda: LIBC.chroot(b"/tmp"),
    "sethostname": lambda: LIBC.sethostname(b"owned", 5),
}
for name, action in tries.items():
    if action() == 0:
        succeed(name)
if attempt(os.open, "/proc/1/root/grader/../tmp/x", os.O_CREAT) and os.getpid() != 1:
    succeed("the root of another process")
