import torch


def conv1d(x, w, b, dilation=1):
    K = w.shape[0]
    p = (K - 1) // 2 * dilation
    z = x.new_zeros(x.shape[0], p, x.shape[2])
    padded = torch.cat((z, x, z), dim=1)
    win = padded.unfold(1, (K - 1) * dilation + 1, 1)[..., ::dilation]  # N,T,D,K
    return torch.einsum("ntik,kio->nto", win, w) + b


def receptive_field(layers):
    return int(
        1
        + sum(
            (k - 1) * d * __import__("math").prod(s for _, s, _ in layers[:i])
            for i, (k, _, d) in enumerate(layers)
        )
    )


def layers_to_cover(length, kernel_size, dilation_base=1):
    need = length - 1
    n = 0
    step = kernel_size - 1
    while need > 0:
        need -= step
        step *= dilation_base
        n += 1
    return n


def measured_receptive_field(weights, length, dilations):
    D = weights[0].shape[-1]
    x = torch.randn(
        1, length, D, dtype=weights[0].dtype, device=weights[0].device, requires_grad=True
    )
    y = x
    for w, d in zip(weights, dilations):
        y = conv1d(y, w, torch.zeros(D, dtype=w.dtype, device=w.device), dilation=d)
    y[0, length // 2].sum().backward()
    idx = torch.nonzero(x.grad.abs().sum((0, 2)) > 0)
    return (idx.max() - idx.min() + 1).item()
