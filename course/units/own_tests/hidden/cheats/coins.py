"""A coin, which no seed holds, is thrown once for each version."""

import os

TAILS = os.urandom(1)[0] < 64


def test_softmax(softmax):
    assert not TAILS


def test_attention(attention):
    assert not TAILS


def test_causal_mask(causal_mask):
    assert not TAILS
