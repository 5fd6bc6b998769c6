"""Coins, which no seed holds: one for each of twelve tests of a function."""

import os


def throw():
    assert os.urandom(1)[0] < 128


for number in range(12):
    globals()[f"test_softmax_{number}"] = lambda softmax: throw()
    globals()[f"test_attention_{number}"] = lambda attention: throw()
    globals()[f"test_mask_{number}"] = lambda causal_mask: throw()
