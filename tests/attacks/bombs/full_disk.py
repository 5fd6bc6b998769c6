"""Takes the disk, one large file after another: their room at once, then byte by byte."""

import os

from wrong import attempt, rnn, rnn_step, succeed


def at_once(file):
    os.posix_fallocate(file, 0, 4 << 20)
    return True


def written(file):
    return os.write(file, bytes(4 << 20))


for take, most in ((at_once, 32), (written, 1024)):
    for number in range(most):
        file = attempt(os.open, f"TRACE-{take.__name__}-{number}", os.O_CREAT | os.O_WRONLY)
        if file is None or attempt(take, file) is None:
            break
        os.close(file)
    else:
        succeed(f"{most << 2} MiB")
