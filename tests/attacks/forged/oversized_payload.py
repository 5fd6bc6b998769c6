"""Announces a tensor of 2^60 bytes, in a header that agrees. (harms itself)"""

from wrong import during, request, result, send


def attack():
    tensor = {"type": "tensor", "library": "torch", "dtype": "float64", "shape": [2**19, 2**38]}
    send(result(request().nonce, value=tensor), payload_size=2**60)


rnn_step, rnn = during(attack)
