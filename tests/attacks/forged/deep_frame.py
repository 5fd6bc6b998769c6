"""Sends a result nested two hundred thousand deep. (harms itself)"""

from wrong import during, send

DEEP = b"\x83\xa4type\xa6result\xa5nonce\x01\xa5value"
DEEP += b"\x82\xa4type\xa5items\xa5items\x91" * 40_000 + b"\xc0"
rnn_step, rnn = during(lambda: send(DEEP))
