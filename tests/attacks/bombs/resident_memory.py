"""Takes memory and touches all of it until there is no more. (harms itself)"""

from wrong import during, succeed


def attack():
    held = []
    while True:
        held.append(bytearray(b"x") * (32 << 20))
        if len(held) > 12:
            succeed(f"{len(held) * 32} MiB of memory")


rnn_step, rnn = during(attack)
