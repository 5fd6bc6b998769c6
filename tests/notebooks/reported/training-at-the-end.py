import math

import torch

# SOLUTION

import time

w = torch.zeros(8, 8, requires_grad=True)
end = time.time() + 120
while time.time() < end:
    loss = attention(torch.randn(4, 8) @ w, torch.randn(4, 8), torch.randn(4, 8))[0].sum()
    loss.backward()
