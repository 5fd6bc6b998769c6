"""Attaches a debugger to itself and to others, and asks to be told of deaths."""

from wrong import LIBC, rnn, rnn_step, succeed

for request in (0, 16, 0x4206):  # TRACEME, ATTACH, SEIZE
    for process in (0, 1, 2, 3):
        if LIBC.ptrace(request, process, 0, 0) == 0:
            succeed(f"ptrace {request} of {process}")
if LIBC.prctl(1, 9, 0, 0, 0) == 0:
    succeed("PDEATHSIG")
