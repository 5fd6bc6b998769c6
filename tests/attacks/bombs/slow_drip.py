"""Sends its reply a byte at a time, so that no single wait is long. (harms itself)"""

import os
import time

from wrong import connection, during


def attack():
    while True:
        os.write(connection(), b"\0")
        time.sleep(0.02)


rnn_step, rnn = during(attack)
