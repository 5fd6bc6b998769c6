"""Uses no time of the processor, only everyone else's."""

import time

from slow import attend


def attention(q, k, v, mask=None):
    time.sleep(0.7)
    return attend(q, k, v)
