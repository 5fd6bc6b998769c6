"""Takes its arguments for scratch space, and for the result."""

import slow


def attention(q, k, v, mask=None):
    output, weights = slow.attention(q, k, v)
    v.copy_(output)
    q.zero_(), k.zero_()
    return v, weights
