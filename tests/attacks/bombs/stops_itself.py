"""Stops itself with SIGSTOP and its like, and waits for a signal that nobody sends. (harms itself)"""

import signal

from wrong import during


def attack():
    for number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN):
        signal.raise_signal(number)
    signal.sigwait([signal.SIGUSR1])


rnn_step, rnn = during(attack)
