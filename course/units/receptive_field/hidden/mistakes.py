"""Known mistakes of the unit `receptive_field`."""

import torch
import torch.nn.functional as F

from autograder.mistakes.entry import mistake


def _conv1d(x, w, b, dilation, left, right):
    """A cross-correlation with so many zeros on either side."""
    padded = F.pad(x, (0, 0, left, right))
    return F.conv1d(padded.mT, w.permute(2, 1, 0), b, dilation=dilation).mT


def _same(x, w, b, dilation=1):
    """The convolution as it should be, for the variants that go wrong elsewhere."""
    reach = len(w) // 2 * dilation
    return _conv1d(x, w, b, dilation, reach, reach)


@mistake(
    "conv1d",
    "kernel_flipped",
    en="The kernel is applied the other way round, as in a mathematician's convolution. Which tap "
    "meets the earliest position?",
    zh="卷积核用反了，成了数学意义上的卷积。哪一个权重对应最早的位置？",
)
def conv1d_flipped(x, w, b, dilation=1):
    return _same(x, w.flip(0), b, dilation)


@mistake(
    "conv1d",
    "dilation_ignored",
    en="The taps look at neighbouring positions, whatever `dilation` says. How far apart should "
    "they look?",
    zh="无论 `dilation` 是多少，各个权重看的都是相邻位置。它们之间应该隔多远？",
)
def conv1d_without_dilation(x, w, b, dilation=1):
    return _same(x, w, b)


@mistake(
    "conv1d",
    "padding_added",
    en="There are too many zeros at the ends: the result is longer than the input. How far does "
    "the kernel reach beyond its middle on either side?",
    zh="两端补的零太多：结果比输入长。卷积核从中间向每一侧伸出多远？",
)
def conv1d_padded_too_much(x, w, b, dilation=1):
    reach = (len(w) - 1) * dilation
    return _conv1d(x, w, b, dilation, reach, reach)


@mistake(
    "conv1d",
    "no_padding",
    en="Nothing is padded: the result is shorter than the input. What stands beyond the ends of "
    "the sequence?",
    zh="没有补零：结果比输入短。序列两端之外应当是什么？",
)
def conv1d_unpadded(x, w, b, dilation=1):
    return _conv1d(x, w, b, dilation, 0, 0)


@mistake(
    "conv1d",
    "padding_without_dilation",
    en="The padding does not grow with the dilation, so the result is shorter than the input. How "
    "far does a dilated kernel reach?",
    zh="补零没有随 `dilation` 增大，所以结果比输入短。带空洞的卷积核伸出多远？",
)
def conv1d_padded_for_neighbours(x, w, b, dilation=1):
    return _conv1d(x, w, b, dilation, len(w) // 2, len(w) // 2)


@mistake(
    "conv1d",
    "one_sided_padding",
    en="All zeros stand before the sequence, so every output looks back only. Where does the "
    "kernel's middle tap belong?",
    zh="零全部补在了序列之前，于是每个输出只能向后看。卷积核的中间一格应当对准哪里？",
)
def conv1d_causal(x, w, b, dilation=1):
    return _conv1d(x, w, b, dilation, (len(w) - 1) * dilation, 0)


@mistake(
    "conv1d",
    "no_bias",
    en="The bias is missing. What is added to every output?",
    zh="漏掉了偏置。每个输出还要加上什么？",
)
def conv1d_without_bias(x, w, b, dilation=1):
    return _same(x, w, torch.zeros_like(b), dilation)


@mistake(
    "receptive_field",
    "own_stride",
    en="Each layer is counted with its own stride. How far apart in the input are two neighbours "
    "of its own input, after all the strides below?",
    zh="每一层只用了它自己的步幅。经过下面所有层的步幅之后，这一层输入中相邻的两点在原输入里相隔多远？",
)
def receptive_field_of_own_strides(layers):
    return 1 + sum((kernel - 1) * dilation * stride for kernel, stride, dilation in layers)


@mistake(
    "receptive_field",
    "stride_too_early",
    en="A layer's stride already widens the layer itself. Does a stride move the taps of its own "
    "layer apart, or what the layers above see?",
    zh="一层的步幅已经作用到了它自己身上。步幅拉开的是本层的权重，还是上面各层看到的范围？",
)
def receptive_field_with_early_stride(layers):
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        jump *= stride
        field += (kernel - 1) * dilation * jump
    return field


@mistake(
    "receptive_field",
    "stride_ignored",
    en="The strides play no part. After a pooling of two, how far apart are two neighbours in the "
    "input?",
    zh="步幅没有起作用。经过步幅为 2 的池化之后，相邻两点在原输入里相隔多远？",
)
def receptive_field_without_strides(layers):
    return 1 + sum((kernel - 1) * dilation for kernel, _, dilation in layers)


@mistake(
    "receptive_field",
    "dilation_ignored",
    en="The dilation plays no part. How wide is a kernel whose taps do not look at neighbours?",
    zh="空洞率没有起作用。各个权重不看相邻位置时，卷积核有多宽？",
)
def receptive_field_without_dilation(layers):
    return _field((kernel, stride, 1) for kernel, stride, _ in layers)


@mistake(
    "receptive_field",
    "taps_for_gaps",
    en="Every layer counts its taps, but what widens the window are the gaps between them. How "
    "many gaps does a kernel of three have?",
    zh="每一层数的是权重的个数，但让窗口变宽的是它们之间的间隔。大小为 3 的卷积核有几个间隔？",
)
def receptive_field_of_taps(layers):
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += kernel * dilation * jump
        jump *= stride
    return field


@mistake(
    "receptive_field",
    "starts_at_zero",
    en="The count starts at 0. How many inputs does one output see without any layer?",
    zh="计数从 0 开始了。一层也没有的时候，一个输出能看到几个输入？",
)
def receptive_field_from_zero(layers):
    return _field(layers) - 1


@mistake(
    "receptive_field",
    "padding_added",
    en="The zeros of the padding are counted. Does an output see more of the input because the "
    "input is padded?",
    zh="把补的零也数进去了。补零会让一个输出看到更多的输入吗？",
)
def receptive_field_with_padding(layers):
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += ((kernel - 1) * dilation + 2 * ((kernel - 1) * dilation // 2)) * jump
        jump *= stride
    return field


@mistake(
    "receptive_field",
    "reversed_layers",
    en="The layers are taken from the last to the first. Which one is next to the input?",
    zh="层的顺序反了。哪一层紧挨着输入？",
)
def receptive_field_reversed(layers):
    return _field(list(layers)[::-1])


def _field(layers):
    """The receptive field as it should be, for the variants that go wrong elsewhere."""
    field, jump = 1, 1
    for kernel, stride, dilation in layers:
        field += (kernel - 1) * dilation * jump
        jump *= stride
    return field


def _layers(length, kernel_size, dilation):
    """Layers until the field covers the length; dilation(i) is that of layer i."""
    layers, field = 0, 1
    while field < length:
        field += (kernel_size - 1) * dilation(layers)
        layers += 1
    return layers


ONE_TOO_MANY = {
    "en": "There is one layer too many, for some lengths or for all. Is a field that is exactly "
    "`length` wide enough, and how wide is it without any layer?",
    "zh": "对某些长度或所有长度都多了一层。感受野恰好等于 `length` 时够不够？"
    "一层也没有时它有多宽？",
}


# The same numbers come from a field that starts at 0.
@mistake("layers_to_cover", "off_by_one", **ONE_TOO_MANY)
def layers_to_cover_more_than_length(length, kernel_size, dilation_base=1):
    return _layers(length + 1, kernel_size, lambda layer: dilation_base**layer)


@mistake("layers_to_cover", "off_by_one", **ONE_TOO_MANY)
def layers_to_cover_and_one(length, kernel_size, dilation_base=1):
    return 1 + _layers(length, kernel_size, lambda layer: dilation_base**layer)


@mistake(
    "layers_to_cover",
    "off_by_one",
    en="There is one layer too few. Do the layers that you return reach the whole length?",
    zh="少了一层。你返回的层数真的能覆盖整个长度吗？",
)
def layers_to_cover_all_but_one(length, kernel_size, dilation_base=1):
    return max(0, _layers(length, kernel_size, lambda layer: dilation_base**layer) - 1)


@mistake(
    "layers_to_cover",
    "at_least_one",
    en="A single position asks for a layer. How wide is the field without any?",
    zh="只有一个位置时也用了一层。一层也没有时，感受野有多宽？",
)
def layers_to_cover_at_least_one(length, kernel_size, dilation_base=1):
    return max(1, _layers(length, kernel_size, lambda layer: dilation_base**layer))


@mistake(
    "layers_to_cover",
    "dilation_ignored",
    en="The dilation plays no part: every layer widens the field by the same amount. What dilation "
    "does layer i have?",
    zh="空洞率没有起作用：每一层都让感受野增加同样多。第 i 层的空洞率是多少？",
)
def layers_to_cover_without_dilation(length, kernel_size, dilation_base=1):
    return _layers(length, kernel_size, lambda layer: 1)


@mistake(
    "layers_to_cover",
    "dilation_too_early",
    en="The first layer is dilated already. Layers are numbered from 0: what is the dilation of "
    "the first?",
    zh="第一层就已经带空洞了。层号从 0 开始：第一层的空洞率是多少？",
)
def layers_to_cover_dilated_at_once(length, kernel_size, dilation_base=1):
    return _layers(length, kernel_size, lambda layer: dilation_base ** (layer + 1))


@mistake(
    "layers_to_cover",
    "constant_dilation",
    en="Every layer has the same dilation. How does it grow from layer to layer?",
    zh="每一层的空洞率都一样。它应当怎样逐层增长？",
)
def layers_to_cover_with_one_dilation(length, kernel_size, dilation_base=1):
    return _layers(length, kernel_size, lambda layer: dilation_base)


@mistake(
    "layers_to_cover",
    "taps_for_gaps",
    en="Every layer counts its taps, but what widens the window are the gaps between them. How "
    "many gaps does a kernel of three have?",
    zh="每一层数的是权重的个数，但让窗口变宽的是它们之间的间隔。大小为 3 的卷积核有几个间隔？",
)
def layers_to_cover_by_taps(length, kernel_size, dilation_base=1):
    return _layers(length, kernel_size + 1, lambda layer: dilation_base**layer)


def _felt(weights, length, dilations, conv=_same, picked=None, non_zero=lambda g: g != 0):
    """The input positions that an output of the stack feels, in order; by default the middle one.

    Returns a list; a gradient of several numbers counts where non_zero says so of any.
    """
    width = weights[0].shape[1]
    with torch.enable_grad():
        x = weights[0].new_zeros(1, length, width).requires_grad_()
        y = x
        for w, dilation in zip(weights, dilations, strict=True):
            y = conv(y, w, w.new_zeros(width), dilation)
        output = y[0, length // 2 if picked is None else picked]
        (gradient,) = torch.autograd.grad(output.sum(), x)
    return non_zero(gradient[0]).any(-1).nonzero().flatten().tolist()


def _span(felt):
    """From the first to the last, both included."""
    return felt[-1] - felt[0] + 1 if felt else 0


def _plain_field(weights, dilations):
    return _field((len(w), 1, dilation) for w, dilation in zip(weights, dilations, strict=True))


@mistake(
    "measured_receptive_field",
    "formula_for_measurement",
    en="This is what the formula promises. What does the middle output feel in this sequence, with "
    "these weights? Let a gradient tell you.",
    zh="这是公式给出的值。在这个序列里、用这些权重，中间的输出实际能感受到什么？让梯度来告诉你。",
)
def measured_receptive_field_by_formula(weights, length, dilations):
    return _plain_field(weights, dilations)


@mistake(
    "measured_receptive_field",
    "formula_for_measurement",
    en="This is what the formula promises, cut off at the sequence's ends. Zeros among the weights "
    "and the padding of inner layers change more than that: let a gradient tell you.",
    zh="这是公式的值在序列两端截断的结果。但权重里的零和中间层的补零还会带来别的影响：让梯度来告诉你。",
)
def measured_receptive_field_by_clipped_window(weights, length, dilations):
    middle, reach = length // 2, _plain_field(weights, dilations) // 2
    return min(length - 1, middle + reach) - max(0, middle - reach) + 1


@mistake(
    "measured_receptive_field",
    "formula_for_measurement",
    en="This is what the formula promises, or the length where that is less. What does the middle "
    "output feel, at its own distance from either end? Let a gradient tell you.",
    zh="这是公式的值与序列长度中较小的一个。中间的输出离两端各有多远，实际又能感受到什么？让梯度来告诉你。",
)
def measured_receptive_field_at_most_length(weights, length, dilations):
    return min(length, _plain_field(weights, dilations))


@mistake(
    "measured_receptive_field",
    "dilation_ignored",
    en="The stack runs without its dilations. Does each layer get its own?",
    zh="各层卷积没有用上空洞率。每一层都拿到自己的空洞率了吗？",
)
def measured_receptive_field_without_dilation(weights, length, dilations):
    return _span(_felt(weights, length, [1] * len(weights)))


@mistake(
    "measured_receptive_field",
    "count_for_span",
    en="The positions that are felt are counted one by one. What about the gaps between the first "
    "and the last?",
    zh="只数了有感受的位置。第一个与最后一个之间的空隙算不算？",
)
def measured_receptive_field_counted(weights, length, dilations):
    return len(_felt(weights, length, dilations))


@mistake(
    "measured_receptive_field",
    "off_by_one",
    en="An end is left out. How many positions are there from position 3 to position 5?",
    zh="漏掉了一端。从位置 3 到位置 5 一共有几个位置？",
)
def measured_receptive_field_without_an_end(weights, length, dilations):
    return _span(_felt(weights, length, dilations)) - 1


NOT_THE_MIDDLE = {
    "en": "Another output than the middle one is looked at. Which index is the middle one's?",
    "zh": "看的不是中间的输出。中间那个输出的下标是多少？",
}


@mistake("measured_receptive_field", "not_the_middle", **NOT_THE_MIDDLE)
def measured_receptive_field_of_the_last(weights, length, dilations):
    return _span(_felt(weights, length, dilations, picked=-1))


@mistake("measured_receptive_field", "not_the_middle", **NOT_THE_MIDDLE)
def measured_receptive_field_of_the_first(weights, length, dilations):
    return _span(_felt(weights, length, dilations, picked=0))


@mistake(
    "measured_receptive_field",
    "not_the_middle",
    en="The gradient is that of all outputs together. Which one output is asked for?",
    zh="梯度是对所有输出一起求的。题目问的是哪一个输出？",
)
def measured_receptive_field_of_all(weights, length, dilations):
    return _span(_felt(weights, length, dilations, picked=slice(None)))


@mistake(
    "measured_receptive_field",
    "positive_only",
    en="Only positive gradients are counted. Is a position with a negative gradient not felt?",
    zh="只数了正的梯度。梯度为负的位置就没有影响吗？",
)
def measured_receptive_field_of_positives(weights, length, dilations):
    return _span(_felt(weights, length, dilations, non_zero=lambda g: g > 0))


@mistake(
    "measured_receptive_field",
    "kernel_flipped",
    en="The kernels are applied the other way round. Which tap of `conv1d` meets the earliest "
    "position?",
    zh="卷积核用反了。`conv1d` 的哪一个权重对应最早的位置？",
)
def measured_receptive_field_flipped(weights, length, dilations):
    return _span(_felt(weights, length, dilations, conv=conv1d_flipped))


@mistake(
    "measured_receptive_field",
    "one_sided_padding",
    en="All zeros stand before the sequence, so every output looks back only: see `conv1d`.",
    zh="零全部补在了序列之前，于是每个输出只能向后看：请检查 `conv1d`。",
)
def measured_receptive_field_causal(weights, length, dilations):
    return _span(_felt(weights, length, dilations, conv=conv1d_causal))


@mistake(
    "measured_receptive_field",
    "padding_added",
    en="Every layer makes the sequence longer, so the middle has moved: see `conv1d`.",
    zh="每一层都让序列变长，中间位置也就移动了：请检查 `conv1d`。",
)
def measured_receptive_field_padded_too_much(weights, length, dilations):
    return _span(_felt(weights, length, dilations, conv=conv1d_padded_too_much))
