"""Changes the local variables of the worker's frames, the reply among them. (harms itself)"""

import ctypes

from wrong import attempt, during, frames


def attack():
    for frame in frames():
        for name in ("reply", "outcome", "value", "body", "changed"):
            if name in frame.f_locals:
                frame.f_locals[name] = True
                attempt(ctypes.pythonapi.PyFrame_LocalsToFast, ctypes.py_object(frame), 0)


rnn_step, rnn = during(attack)
