"""Crashes, so that the system may keep a core of it. (harms itself)"""

import ctypes
import resource

from wrong import attempt, during


def attack():
    attempt(resource.setrlimit, resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
    ctypes.string_at(0)


rnn_step, rnn = during(attack)
