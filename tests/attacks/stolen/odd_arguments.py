"""Tries allowed calls with what nobody needs: TIOCSTI, big pipes, out-of-band data, PDEATHSIG."""

import os
import platform
import socket

from wrong import LIBC, attempt, rnn, rnn_step, succeed, syscall

F_SETPIPE_SZ, F_SETLEASE, F_NOTIFY, F_SETOWN, TIOCSTI = 1031, 1024, 1026, 8, 0x5412
if attempt(os.open, "/dev/tty", os.O_RDWR) is not None:
    succeed("it has a terminal")
reader, writer = os.pipe()
if platform.machine() == "x86_64":
    for command in (F_SETPIPE_SZ, F_SETLEASE, F_NOTIFY, F_SETOWN):
        for high in (0, 1 << 32):  # the kernel looks at the lower half only
            if syscall(72, writer, command | high, 1 << 20) != -1:
                succeed(f"fcntl {command}")
    terminal = attempt(os.open, "/dev/ptmx", os.O_RDWR) or 0
    for high in (0, 1 << 32):
        if syscall(16, terminal, TIOCSTI | high, 0) != -1:
            succeed("TIOCSTI")
one, other = socket.socketpair()
if attempt(one.send, b"x", socket.MSG_OOB):
    succeed("out-of-band data")
for option in (1, 4, 8, 22, 23, 36, 38):  # PDEATHSIG, DUMPABLE, KEEPCAPS, SECCOMP, …
    if LIBC.prctl(option, 1, 0, 0, 0) == 0:
        succeed(f"prctl {option}")
