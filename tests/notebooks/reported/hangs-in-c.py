import math

import torch

# SOLUTION

sum(range(10**13))  # never leaves C
