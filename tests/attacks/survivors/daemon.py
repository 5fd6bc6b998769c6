"""Becomes a daemon: forks twice, in a session of its own, and lives on."""

import os
import time

from wrong import attempt, rnn, rnn_step, succeed

child = attempt(os.fork)
if child == 0:
    attempt(os.setsid)
    if attempt(os.fork) == 0:
        time.sleep(3600)
    os._exit(0)
if child:
    succeed("a daemon is on its way")
if attempt(os.setsid) is not None:
    succeed("a session of its own")
