"""Sends shapes of nothing times everything, strides, negative sizes, twenty axes. (harms itself)"""

from wrong import during, request, result, send

shapes = [[0, 2**40, 2**40, 2**40], [2**40] * 8, [-1, 8], [1] * 20, [2**62], [1.5], "x", None]


def attack():
    tensor = {"type": "tensor", "library": "numpy", "dtype": "float64", "shape": shapes[0]}
    if len(shapes) == 1:
        tensor |= {"shape": [2, 2], "strides": [2**40, 1]}
    else:
        shapes.pop(0)
    send(result(request().nonce, value=tensor))


rnn_step, rnn = during(attack)
