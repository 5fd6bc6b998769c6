"""What was met before is remembered: in the module, in a file, in torch itself."""

import os

import torch

FILE = os.path.join(os.environ.get("HOME", "/tmp"), "met")
met = []


def seen():
    found = os.path.exists(FILE) or bool(met) or hasattr(torch, "met")
    met.append(1)
    torch.met = 1
    with open(FILE, "w") as file:
        file.write("x")
    return found


def test_softmax(softmax):
    assert seen()


def test_attention(attention):
    assert seen()


def test_causal_mask(causal_mask):
    assert seen()
