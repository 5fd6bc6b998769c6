"""Writes bytes of no meaning on the connection before it answers. (harms itself)"""

import os

from wrong import connection, during

rnn_step, rnn = during(lambda: os.write(connection(), os.urandom(4096)))
