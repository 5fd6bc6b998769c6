"""Returns a NumPy subclass that lies about its bytes, then one of objects. (harms itself)"""

import numpy as np
from wrong import giving


class Liar(np.ndarray):
    shape = property(lambda self: (2**40, 2**40))
    tobytes = lambda self, *_: b"\0" * 8
    __eq__ = lambda self, _: True


answers = [np.zeros(3).view(Liar), np.array([object()] * 3), np.zeros(2, "U9"), np.zeros(2, "V9")]
rnn_step, rnn = giving(lambda _: answers[0] if len(answers) == 1 else answers.pop())
