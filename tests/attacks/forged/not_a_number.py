"""Returns NaN and infinities, which every lazy comparison lets pass. (harms itself)"""

import itertools

from wrong import giving

values = itertools.cycle([float("nan"), float("inf"), -float("inf")])
rnn_step, rnn = giving(lambda zeros: zeros + next(values))
