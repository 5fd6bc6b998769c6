"""Sends half a frame, then dies. (harms itself)"""

import os

from wrong import during, send


def attack():
    send(b"\x82\xa4type\xa6res", header_size=100)
    os._exit(0)


rnn_step, rnn = during(attack)
