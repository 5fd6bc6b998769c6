"""Never returns. (harms itself)"""

from wrong import during


def attack():
    while True:
        pass


rnn_step, rnn = during(attack)
