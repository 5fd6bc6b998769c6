# %% [markdown]
# # A recurrent network
# %%
import math

import numpy as np
import torch

torch.manual_seed(0)


# %%
def rnn_step(x: torch.Tensor, h: torch.Tensor, w_xh, w_hh, b) -> torch.Tensor:
    """One step."""
    pre_activation = torch.matmul(x, w_xh) + torch.matmul(h, w_hh) + b
    h_next = torch.tanh(pre_activation)
    return h_next  # noqa: RET504


rnn_step(torch.ones(1, 2), torch.zeros(1, 3), torch.ones(2, 3), torch.eye(3), torch.zeros(3))

# %%
assert math.isclose(np.tanh(0), 0)


# %%
def rnn(x, h, w_xh, w_hh, b):
    """All steps."""
    hs = []
    t = 0
    while t < x.shape[1]:
        h = rnn_step(x[:, t, :], h, w_xh, w_hh, b)
        hs.append(h)
        t += 1
    return torch.stack(hs, dim=1)


# %%
print(rnn(torch.ones(1, 4, 2), *[torch.zeros(s) for s in [(1, 3), (2, 3), (3, 3), (3,)]]).shape)
