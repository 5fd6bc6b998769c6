"""Poisons the libraries in memory, so that whoever comes next computes wrongly."""

import ctypes

import torch
from wrong import rnn, rnn_step

for name in ("tanh", "matmul", "softmax", "stack"):
    keep = getattr(torch, name)
    setattr(torch, name + "_", keep)
torch.stack = lambda *_, **__: torch.zeros(1)
torch.set_default_dtype(torch.float16)
torch.set_grad_enabled(True)
torch.manual_seed(0)
ctypes.pythonapi.PySys_SetObject(b"path", ctypes.py_object([]))
