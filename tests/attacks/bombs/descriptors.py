"""Opens descriptors until there are no more."""

import os

from wrong import attempt, rnn, rnn_step, succeed

held = []
while len(held) < 500 and (one := attempt(os.dup, 0)) is not None:
    held.append(one)
if len(held) > 100:
    succeed(f"{len(held)} descriptors")
for one in held:
    os.close(one)
