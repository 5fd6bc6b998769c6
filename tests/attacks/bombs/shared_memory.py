"""Takes memory in shared mappings, which some counts leave out. (harms itself)"""

import mmap

from wrong import during, succeed


def attack():
    held = []
    while True:
        held.append(mmap.mmap(-1, 32 << 20))
        for offset in range(0, 32 << 20, 4096):
            held[-1][offset] = 1
        if len(held) > 12:
            succeed(f"{len(held) * 32} MiB of shared memory")


rnn_step, rnn = during(attack)
