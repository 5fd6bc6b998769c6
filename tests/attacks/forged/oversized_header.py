"""Announces a header of four gigabytes. (harms itself)"""

from wrong import during, send

rnn_step, rnn = during(lambda: send(b"\x80" * 4096, header_size=2**32 - 1))
