"""Leaves threads behind that sleep for an hour."""

import threading
import time

from wrong import attempt, rnn, rnn_step

for _ in range(40):
    attempt(threading.Thread(target=time.sleep, args=(3600,)).start)
