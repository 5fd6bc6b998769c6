"""Sends all the empty tensors that fit, each dearer to read than to write. (harms itself)"""

from wrong import during, request, result, send

TENSOR = {"type": "tensor", "library": "torch", "dtype": "bool", "shape": [0]}


def attack():
    send(result(request().nonce, value={"type": "items", "items": [TENSOR] * 4_500}))


rnn_step, rnn = during(attack)
