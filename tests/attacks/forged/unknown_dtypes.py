"""Sends tensors of object, string and unheard-of dtypes and libraries. (harms itself)"""

from wrong import during, request, result, send

kinds = [("torch", "object"), ("numpy", "O"), ("pickle", "float64"), ("torch", "float64\0")]


def attack():
    library, dtype = kinds[0] if len(kinds) == 1 else kinds.pop()
    tensor = {"type": "tensor", "library": library, "dtype": dtype, "shape": [1]}
    send(result(request().nonce, value=tensor), b"\0" * 8)


rnn_step, rnn = during(attack)
