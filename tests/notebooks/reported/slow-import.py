import math

import torch

# SOLUTION

import time

end = time.process_time() + 0.8
x = torch.randn(64, 64)
while time.process_time() < end:
    x = torch.tanh(x @ x)
