"""Says that its results are on a GPU, or on a device of no name. (harms itself)"""

import random

from wrong import during, request, result, send


def attack():
    device = random.choice(["cuda:0", "meta", "\x1b[2Jcpu", "cpu:99"])
    tensor = {"type": "tensor", "library": "torch", "dtype": "float64", "shape": [0]}
    send(result(request().nonce, value=tensor | {"device": device}))


rnn_step, rnn = during(attack)
