"""Puts in its own place a module that has every attribute. (harms itself)"""

import sys
import types


class Mirrors(types.ModuleType):
    __getattr__ = lambda self, name: lambda *_, **__: self


sys.modules[__name__] = Mirrors(__name__)
sys.modules["torch"] = sys.modules["numpy"] = Mirrors("torch")
