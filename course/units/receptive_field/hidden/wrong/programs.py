"""Wrong programs for the unit `receptive_field`, as people and language models write them."""

import math

import torch
import torch.nn.functional as F
from receptive_field import conv1d, receptive_field


def conv1d__flipped(x, w, b, dilation=1):
    """A true convolution: the kernel is flipped. -> kernel_flipped"""
    K, T = w.shape[0], x.shape[1]
    pad = (K // 2) * dilation
    xp = F.pad(x, (0, 0, pad, pad))
    out = 0
    for k in range(K):
        out = out + xp[:, k * dilation : k * dilation + T] @ w[K - 1 - k]
    return out + b


def conv1d__causal(x, w, b, dilation=1):
    """All the padding stands on the left. -> one_sided_padding"""
    K, T = w.shape[0], x.shape[1]
    xp = F.pad(x, (0, 0, (K - 1) * dilation, 0))
    out = b
    for k in range(K):
        out = out + xp[:, k * dilation : k * dilation + T] @ w[k]
    return out


def conv1d__not_padded(x, w, b, dilation=1):
    """Without padding the result is shorter. -> no_padding"""
    K = w.shape[0]
    T = x.shape[1] - (K - 1) * dilation
    out = b
    for k in range(K):
        out = out + x[:, k * dilation : k * dilation + T] @ w[k]
    return out


def conv1d__pad_width(x, w, b, dilation=1):
    """`F.pad` begins at the last axis: the channels are padded. -> channels_padded"""
    K, T = w.shape[0], x.shape[1]
    pad = (K // 2) * dilation
    xp = F.pad(x, (pad, pad))
    out = b
    for k in range(K):
        out = out + xp[:, k * dilation : k * dilation + T] @ w[k]
    return out


def conv1d__dilation_ignored(x, w, b, dilation=1):
    """The dilation is not used. -> dilation_ignored"""
    K, T = w.shape[0], x.shape[1]
    xp = F.pad(x, (0, 0, K // 2, K // 2))
    out = b
    for k in range(K):
        out = out + xp[:, k : k + T] @ w[k]
    return out


def conv1d__pad_not_dilated(x, w, b, dilation=1):
    """The padding does not know of the dilation. -> padding_without_dilation"""
    K, T = w.shape[0], x.shape[1]
    xp = F.pad(x, (0, 0, K // 2, K // 2))
    out = b
    for k in range(K):
        out = out + xp[:, k * dilation : k * dilation + T] @ w[k]
    return out


def conv1d__no_bias(x, w, b, dilation=1):
    """The bias is forgotten. -> no_bias"""
    K, T = w.shape[0], x.shape[1]
    pad = (K // 2) * dilation
    xp = F.pad(x, (0, 0, pad, pad))
    return sum(xp[:, k * dilation : k * dilation + T] @ w[k] for k in range(K))


def conv1d__bias_each_tap(x, w, b, dilation=1):
    """The bias is added at every tap. -> bias_each_tap"""
    K, T = w.shape[0], x.shape[1]
    pad = (K // 2) * dilation
    xp = F.pad(x, (0, 0, pad, pad))
    return sum(xp[:, k * dilation : k * dilation + T] @ w[k] + b for k in range(K))


def conv1d__rolled(x, w, b, dilation=1):
    """Positions outside come from the other end. -> wrapped_around"""
    K = w.shape[0]
    out = torch.zeros_like(x @ w[0])
    for k in range(K):
        out = out + torch.roll(x, (K // 2 - k) * dilation, dims=1) @ w[k]
    return out + b


def conv1d__replicated(x, w, b, dilation=1):
    """The first and the last word are repeated at the borders. -> ends_repeated"""
    K, T = w.shape[0], x.shape[1]
    pad = (K // 2) * dilation
    xp = torch.cat([x[:, :1].expand(-1, pad, -1), x, x[:, -1:].expand(-1, pad, -1)], 1)
    return sum(xp[:, k * dilation : k * dilation + T] @ w[k] for k in range(K)) + b


def conv1d__transposed(x, w, b, dilation=1):
    """Channels in and out are swapped. -> channels_swapped"""
    K, T = w.shape[0], x.shape[1]
    pad = (K // 2) * dilation
    xp = F.pad(x, (0, 0, pad, pad))
    return sum(xp[:, k * dilation : k * dilation + T] @ w[k].T for k in range(K)) + b


def conv1d__torch_layout(x, w, b, dilation=1):
    """torch's own with x in the wrong layout. -> channels_swapped, torch_layout"""
    return F.conv1d(x, w, b, padding="same", dilation=dilation)


def conv1d__averaged(x, w, b, dilation=1):
    """Divided by the number of taps. -> averaged"""
    K, T = w.shape[0], x.shape[1]
    pad = (K // 2) * dilation
    xp = F.pad(x, (0, 0, pad, pad))
    return sum(xp[:, k * dilation : k * dilation + T] @ w[k] for k in range(K)) / K + b


def receptive_field__from_zero(layers):
    """Starts at 0. -> starts_at_zero"""
    field, jump = 0, 1
    for k, s, d in layers:
        field += (k - 1) * d * jump
        jump *= s
    return field


def receptive_field__no_stride(layers):
    """The strides are ignored. -> stride_ignored"""
    field = 1
    for k, s, d in layers:
        field += (k - 1) * d
    return field


def receptive_field__no_dilation(layers):
    """The dilations are ignored. -> dilation_ignored"""
    field, jump = 1, 1
    for k, s, d in layers:
        field += (k - 1) * jump
        jump *= s
    return field


def receptive_field__stride_first(layers):
    """A layer feels its own stride. -> stride_too_early"""
    field, jump = 1, 1
    for k, s, d in layers:
        jump *= s
        field += (k - 1) * d * jump
    return field


def receptive_field__k(layers):
    """K·d in place of (K - 1)·d. -> taps_for_gaps"""
    field, jump = 1, 1
    for k, s, d in layers:
        field += k * d * jump
        jump *= s
    return field


def receptive_field__product(layers):
    """The fields are multiplied. -> fields_multiplied"""
    field = 1
    for k, s, d in layers:
        field *= (k - 1) * d + 1
    return field


def receptive_field__sum_of_strides(layers):
    """The strides are added, not multiplied. -> strides_added"""
    field, jump = 1, 0
    for k, s, d in layers:
        field += (k - 1) * d * max(jump, 1)
        jump += s
    return field


def receptive_field__backwards(layers):
    """From the output, with the layers in the wrong order. -> reversed_layers"""
    field = 1
    for k, s, d in layers:
        field = (field - 1) * s + (k - 1) * d + 1
    return field


def receptive_field__dilated_size(layers):
    """K + (K - 1)·d in place of (K - 1)·d + 1 for a dilated kernel. -> dilated_size"""
    field, jump = 1, 1
    for k, s, d in layers:
        size = k + (k - 1) * d
        field += (size - 1) * jump
        jump *= s
    return field


def receptive_field__jump_dilated(layers):
    """The dilation is carried on like a stride. -> dilation_carried_on"""
    field, jump = 1, 1
    for k, s, d in layers:
        jump *= d
        field += (k - 1) * jump
        jump *= s
    return field


def layers_to_cover__one_more(length, kernel_size, dilation_base=1):
    """Until the field is longer, not as long. -> off_by_one"""
    layers, field = 0, 1
    while field <= length:
        field += (kernel_size - 1) * dilation_base**layers
        layers += 1
    return layers


def layers_to_cover__at_least_one(length, kernel_size, dilation_base=1):
    """Never 0. -> at_least_one"""
    layers = 1
    while receptive_field([(kernel_size, 1, dilation_base**i) for i in range(layers)]) < length:
        layers += 1
    return layers


def layers_to_cover__floor(length, kernel_size, dilation_base=1):
    """Rounded down. -> rounded_down"""
    if dilation_base == 1:
        return (length - 1) // (kernel_size - 1)
    layers, field = 0, 1
    while field < length:
        field += (kernel_size - 1) * dilation_base**layers
        layers += 1
    return layers


def layers_to_cover__kernel(length, kernel_size, dilation_base=1):
    """The length divided by the kernel. -> taps_for_gaps"""
    if dilation_base == 1:
        return math.ceil(length / kernel_size)
    return math.ceil(math.log(length, dilation_base))


def layers_to_cover__log(length, kernel_size, dilation_base=1):
    """A logarithm that rounds up too often. -> float_logarithm"""
    if dilation_base == 1:
        return math.ceil((length - 1) / (kernel_size - 1))
    a = (length - 1) * (dilation_base - 1) / (kernel_size - 1) + 1
    return math.ceil(math.log(a) / math.log(dilation_base))


def layers_to_cover__undilated(length, kernel_size, dilation_base=1):
    """The dilation is ignored. -> dilation_ignored"""
    return -(-(length - 1) // (kernel_size - 1))


def layers_to_cover__linear(length, kernel_size, dilation_base=1):
    """The dilation grows by multiples, not by powers. -> linear_dilation"""
    layers, field = 0, 1
    while field < length:
        field += (kernel_size - 1) * max(1, dilation_base * layers)
        layers += 1
    return layers


def layers_to_cover__power_ahead(length, kernel_size, dilation_base=1):
    """The first layer is dilated already. -> dilation_too_early"""
    layers, field = 0, 1
    while field < length:
        layers += 1
        field += (kernel_size - 1) * dilation_base**layers
    return layers


def measured_receptive_field__formula(weights, length, dilations):
    """The formula, without a measurement. -> formula_for_measurement"""
    return receptive_field([(len(w), 1, d) for w, d in zip(weights, dilations)])


def measured_receptive_field__formula_clipped(weights, length, dilations):
    """The formula, at most the length. -> formula_for_measurement"""
    return min(length, receptive_field([(len(w), 1, d) for w, d in zip(weights, dilations)]))


def measured_receptive_field__counted(weights, length, dilations):
    """Counts the positions felt: gaps are left out. -> count_for_span"""
    D = weights[0].shape[1]
    x = torch.zeros(1, length, D, dtype=weights[0].dtype, requires_grad=True)
    y = x
    for w, d in zip(weights, dilations):
        y = conv1d(y, w, torch.zeros(D, dtype=w.dtype), d)
    y[0, length // 2].sum().backward()
    return int((x.grad[0].abs().sum(-1) != 0).sum())


def measured_receptive_field__no_plus_one(weights, length, dilations):
    """last - first, without the one. -> off_by_one"""
    D = weights[0].shape[1]
    x = torch.zeros(1, length, D, dtype=weights[0].dtype, requires_grad=True)
    y = x
    for w, d in zip(weights, dilations):
        y = conv1d(y, w, torch.zeros(D, dtype=w.dtype), d)
    y[0, length // 2].sum().backward()
    felt = x.grad[0].abs().sum(-1).nonzero()
    return int(felt[-1] - felt[0])


def measured_receptive_field__positive(weights, length, dilations):
    """Only gradients above 0 count. -> positive_only"""
    D = weights[0].shape[1]
    x = torch.zeros(1, length, D, dtype=weights[0].dtype, requires_grad=True)
    y = x
    for w, d in zip(weights, dilations):
        y = conv1d(y, w, torch.zeros(D, dtype=w.dtype), d)
    y[0, length // 2].sum().backward()
    felt = (x.grad[0].sum(-1) > 0).nonzero()
    return int(felt[-1] - felt[0]) + 1


def measured_receptive_field__all_outputs(weights, length, dilations):
    """The sum of all outputs feels every input. -> not_the_middle"""
    D = weights[0].shape[1]
    x = torch.zeros(1, length, D, dtype=weights[0].dtype, requires_grad=True)
    y = x
    for w, d in zip(weights, dilations):
        y = conv1d(y, w, torch.zeros(D, dtype=w.dtype), d)
    y.sum().backward()
    felt = x.grad[0].abs().sum(-1).nonzero()
    return int(felt[-1] - felt[0]) + 1


def measured_receptive_field__threshold(weights, length, dilations):
    """A threshold in place of zero. -> threshold"""
    D = weights[0].shape[1]
    x = torch.zeros(1, length, D, dtype=weights[0].dtype, requires_grad=True)
    y = x
    for w, d in zip(weights, dilations):
        y = conv1d(y, w, torch.zeros(D, dtype=w.dtype), d)
    y[0, length // 2].sum().backward()
    felt = (x.grad[0].abs().max(-1).values > 1e-4).nonzero()
    return int(felt[-1] - felt[0]) + 1


def measured_receptive_field__first_channel(weights, length, dilations):
    """Only the first channel of the gradient is looked at. -> one_channel"""
    D = weights[0].shape[1]
    x = torch.zeros(1, length, D, dtype=weights[0].dtype, requires_grad=True)
    y = x
    for w, d in zip(weights, dilations):
        y = conv1d(y, w, torch.zeros(D, dtype=w.dtype), d)
    y[0, length // 2].sum().backward()
    felt = x.grad[0, :, 0].nonzero()
    return int(felt[-1] - felt[0]) + 1


def measured_receptive_field__float32(weights, length, dilations):
    """The input is float32 whatever the weights are. -> mixed_dtypes"""
    D = weights[0].shape[1]
    x = torch.randn(1, length, D, requires_grad=True)
    y = x
    for w, d in zip(weights, dilations):
        y = conv1d(y, w, torch.zeros(D), d)
    y[0, length // 2].sum().backward()
    felt = x.grad[0].abs().sum(-1).nonzero()
    return int(felt[-1] - felt[0]) + 1


def conv1d__padding_of_float32(x, w, b, dilation=1):
    """Zeros of torch's default dtype are joined to x, and so float16 is widened. -> wrong_dtype"""
    reach, length = len(w) // 2 * dilation, x.shape[1]
    zeros = torch.zeros(len(x), reach, x.shape[2], device=x.device)
    x = torch.cat([zeros, x, zeros], dim=1)
    taps = [x[:, k * dilation : k * dilation + length] @ w[k].to(x.dtype) for k in range(len(w))]
    return sum(taps) + b


def measured_receptive_field__before_the_middle(weights, length, dilations):
    """The middle is (length - 1) // 2, which a mirror makes of kernels that are flipped.

    -> not_the_middle, kernel_flipped
    """
    x = weights[0].new_zeros(1, length, weights[0].shape[1]).requires_grad_()
    y = x
    for w, dilation in zip(weights, dilations, strict=True):
        y = conv1d(y, w, w.new_zeros(w.shape[2]), dilation)
    (gradient,) = torch.autograd.grad(y[0, (length - 1) // 2].sum(), x)
    felt = gradient[0].abs().sum(-1).nonzero()
    return int(felt[-1] - felt[0] + 1)


def measured_receptive_field__one_number(weights, length, dilations):
    """Only the first number of the middle output is asked. -> one_output_channel"""
    x = weights[0].new_zeros(1, length, weights[0].shape[1]).requires_grad_()
    y = x
    for w, dilation in zip(weights, dilations, strict=True):
        y = conv1d(y, w, w.new_zeros(w.shape[2]), dilation)
    (gradient,) = torch.autograd.grad(y[0, length // 2, 0], x)
    felt = gradient[0].abs().sum(-1).nonzero()
    return int(felt[-1] - felt[0] + 1)


def measured_receptive_field__threshold_of_sums(weights, length, dilations):
    """Gradients below 1e-6 are taken for zero. -> threshold"""
    x = weights[0].new_ones(1, length, weights[0].shape[1]).requires_grad_()
    y = x
    for w, d in zip(weights, dilations):
        y = conv1d(y, w, torch.zeros_like(w[0, 0]), d)
    y[0, length // 2].sum().backward()
    felt = (x.grad[0].abs().sum(-1) > 1e-6).nonzero()
    return int(felt.max() - felt.min() + 1) if len(felt) else 0


def receptive_field__taps_from_the_top(layers):
    """A dilated kernel is taken to reach kernel·dilation positions. -> taps_for_gaps"""
    field = 1
    for kernel, stride, dilation in reversed(list(layers)):
        field = (field - 1) * stride + kernel * dilation
    return field


def measured_receptive_field__channels_added(weights, length, dilations):
    """The gradient's channels are added up, and what cancels is not felt. -> channels_cancel"""
    x = weights[0].new_zeros(1, length, weights[0].shape[1]).requires_grad_()
    y = x
    for w, d in zip(weights, dilations):
        y = conv1d(y, w, torch.zeros_like(w[0, 0]), d)
    (gradient,) = torch.autograd.grad(y[0, length // 2].sum(), x)
    felt = (gradient[0].sum(-1) != 0).nonzero()
    return int(felt.max() - felt.min() + 1) if len(felt) else 0


def measured_receptive_field__brought_to_float32(weights, length, dilations):
    """All is brought to float32, where a small gradient is zero."""
    x = torch.zeros(1, length, weights[0].shape[1], requires_grad=True, device=weights[0].device)
    y = x
    for w, d in zip(weights, dilations):
        y = conv1d(y, w.float(), torch.zeros_like(x[0, 0]), d)
    y[0, length // 2].sum().backward()
    felt = x.grad[0].abs().sum(-1).nonzero()
    return int(felt.max() - felt.min() + 1) if len(felt) else 0


def receptive_field__nearest_stride(layers):
    """The distance of neighbours is the stride below, not the product of all. -> last_stride_only"""
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += (kernel - 1) * dilation * jump
        jump = stride
    return field
