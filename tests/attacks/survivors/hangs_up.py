"""Closes its connection and lives on. (harms itself)"""

import os
import time

from wrong import connection, during


def attack():
    os.close(connection())
    time.sleep(3600)


rnn_step, rnn = during(attack)
