from collections.abc import Sequence
import torch
import torch.nn.functional as F

def conv1d(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor, dilation: int=1) -> torch.Tensor:
    length, reach = (x.shape[1], w.shape[0] // 2 * dilation)
    padded = F.pad(x, (0, 0, reach, reach))
    taps = [padded[:, k * dilation:k * dilation + length] @ w_k for k, w_k in enumerate(w)]
    return torch.stack(taps).sum(0) + b

def receptive_field(layers: Sequence[tuple[int, int, int]]) -> int:
    field, jump = (1, 1)
    for kernel, stride, dilation in layers:
        field += (kernel - 1) * dilation * jump
        jump *= stride
    return field

def layers_to_cover(length: int, kernel_size: int, dilation_base: int=1) -> int:
    layers, field = (0, 1)
    while field < length:
        field += (kernel_size - 1) * dilation_base ** layers
        layers += 1
    return layers

def measured_receptive_field(weights: Sequence[torch.Tensor], length: int, dilations: Sequence[int]) -> int:
    width = weights[0].shape[1]
    x = weights[0].new_zeros(1, length, width).requires_grad_()
    y, no_bias = (x, weights[0].new_zeros(width))
    for w, dilation in zip(weights, dilations, strict=True):
        y = conv1d(y, w, no_bias, dilation)
    gradient, = torch.autograd.grad(y[0, length // 2].sum(), x)
    felt = gradient[0].any(dim=-1).nonzero()
    return int(felt[-1] - felt[0]) + 1
