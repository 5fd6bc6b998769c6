"""Ignores and blocks every signal, so that nothing but SIGKILL could end it. (harms itself)"""

import signal

from wrong import attempt, during


def attack():
    for number in range(1, 65):
        attempt(signal.signal, number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True:
        pass


rnn_step, rnn = during(attack)
