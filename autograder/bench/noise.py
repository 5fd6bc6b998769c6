"""A process that multiplies matrices as long as the one lives that started it; see `noisy`."""

import os

import torch


def multiply() -> None:
    """Keep a core busy."""
    torch.set_num_threads(1)
    x, parent = torch.rand(600, 600), os.getppid()
    while os.getppid() == parent:  # and no longer, however the bench ended
        x @ x


if __name__ == "__main__":
    multiply()
