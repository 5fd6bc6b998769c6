"""Answers twice, so that the spare answer meets the next question. (harms itself)"""

from wrong import during, request, result, send

rnn_step, rnn = during(lambda: send(result(request().nonce, value=1.0)))
