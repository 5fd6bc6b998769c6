"""Leaves with exit status 0 in every call, in four ways. (harms itself)"""

import os
import sys

from wrong import during

ways = [lambda: sys.exit(0), lambda: exit(0), lambda: quit(0), lambda: os._exit(0)]
rnn_step, rnn = during(lambda: ways.pop()())
