"""Starts threads until there are no more."""

import threading

from wrong import attempt, rnn, rnn_step, succeed

stop = threading.Event()
threading.stack_size(64 << 10)
count = 0
while (
    count < 500 and attempt(lambda: threading.Thread(target=stop.wait, daemon=True).start()) is None
):
    if threading.active_count() <= count:
        break
    count = threading.active_count()
stop.set()
if count > 100:
    succeed(f"{count} threads")
