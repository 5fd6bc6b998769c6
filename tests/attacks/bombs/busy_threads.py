"""Leaves threads that compute for ever behind every call."""

import threading

import torch
from wrong import during


def busy():
    x = torch.ones(64, 64)
    while True:
        x = (x @ x).clamp(0, 1)


def attack():
    if threading.active_count() < 8:
        threading.Thread(target=busy, daemon=True).start()


rnn_step, rnn = during(attack)
