"""Returns integers and strings of millions of digits. (harms itself)"""

import itertools
import sys

from wrong import giving

sys.set_int_max_str_digits(0)
answers = itertools.cycle([1 << 10**7, "9" * 10**8, 2**63, -(2**64), b"9" * 10**8])
rnn_step, rnn = giving(lambda _: next(answers))
