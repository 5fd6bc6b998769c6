"""Answers before it is asked, with every nonce that it might guess. (harms itself)"""

from wrong import during, result, send


def attack():
    for nonce in (0, 1, 2, 3):
        send(result(nonce, value=None))


rnn_step, rnn = during(attack)
