"""Makes a hundred thousand empty files and folders."""

from wrong import attempt, rnn, rnn_step, succeed

made = 0
for folder in ("/tmp", "/dev/shm"):
    while attempt(lambda: open(f"{folder}/TRACE-{made}", "x").close() or True):
        made += 1
        if made > 5000:
            succeed(f"{made} files")
