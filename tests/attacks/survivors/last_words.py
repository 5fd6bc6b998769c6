"""Registers code for the exit: atexit, __del__, weakref, threading's own hook."""

import atexit
import sys
import threading
import weakref

from wrong import rnn, rnn_step


def last(*_):
    with open("/tmp/TRACE-last-words", "w") as file:
        file.write("x")
    while True:
        pass


class Last:
    __del__ = last


atexit.register(last)
threading._register_atexit(last)
weakref.finalize(sys, last)
sys.last = Last()
sys.exitfunc = sys.excepthook = sys.unraisablehook = last
