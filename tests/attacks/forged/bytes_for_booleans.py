"""Sends booleans that are neither 0 nor 1, so that they might equal both. (harms itself)"""

from wrong import during, request, result, send


def attack():
    tensor = {"type": "tensor", "library": "torch", "dtype": "bool", "shape": [3]}
    send(result(request().nonce, value=tensor), b"\x02" * 3)


rnn_step, rnn = during(attack)
