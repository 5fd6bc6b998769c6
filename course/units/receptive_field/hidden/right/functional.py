import torch, math
import numpy as np
import torch.nn.functional as F


def conv1d(x, w, b, dilation=1):
    return F.conv1d(
        x.transpose(1, 2),
        w.permute(2, 1, 0),
        b,
        padding=(w.shape[0] - 1) * dilation // 2,
        dilation=dilation,
    ).transpose(1, 2)


def receptive_field(layers):
    r = 1
    for k, s, d in reversed(layers):
        r = (r - 1) * s + (k - 1) * d + 1
    return r


def layers_to_cover(length, kernel_size, dilation_base=1):
    if dilation_base == 1:
        return -(-(length - 1) // (kernel_size - 1))
    n = 0
    while receptive_field([(kernel_size, 1, dilation_base**i) for i in range(n)]) < length:
        n += 1
    return n


def measured_receptive_field(weights, length, dilations):
    D = weights[0].shape[1]
    reach = np.zeros((length, D), bool)
    reach[length // 2] = True
    for w, d in reversed(list(zip(weights, dilations))):
        nz = (w != 0).cpu().numpy()
        new = np.zeros_like(reach)
        for t in range(length):
            for k in range(len(w)):
                s = t + (k - len(w) // 2) * d
                if 0 <= s < length:
                    new[s] |= (nz[k] & reach[t][None]).any(1)
        reach = new
    at = np.nonzero(reach.any(1))[0]
    return at[-1] - at[0] + 1
