"""Changes the nonce of the question, so that the worker answers another one. (harms itself)"""

from wrong import during, request


def attack():
    import msgspec

    msgspec.structs.force_setattr(request(), "nonce", request().nonce ^ 1)


rnn_step, rnn = during(attack)
