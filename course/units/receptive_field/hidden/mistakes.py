"""Known mistakes of the unit `receptive_field`."""

import math

import torch
import torch.nn.functional as F

from autograder.mistakes.entry import mistake, wrong


def conv1d(
    x,
    w,
    b,
    dilation=1,
    *,
    taps=lambda w: w,
    apart=lambda dilation: dilation,
    pad=lambda w, dilation: (len(w) // 2 * dilation,) * 2,
    bias=lambda b: b,
    padded=lambda x, before, after: F.pad(x, (0, 0, before, after)),
):
    """A cross-correlation; pad: how many zeros on either side."""
    dilation = apart(dilation)
    x = padded(x, *pad(w, dilation))
    return F.conv1d(x.mT, taps(w).permute(2, 1, 0), bias(b), dilation=dilation).mT


def conv1d_by_taps(
    x,
    w,
    b,
    dilation=1,
    *,
    pad=lambda w, dilation: len(w) // 2 * dilation,
    axes=lambda around: (0, 0, around, around),
    product=torch.matmul,
    times=lambda w: 1,
):
    """As beginners write it: of every tap a product with a slice. times: how often the bias."""
    padded = F.pad(x, axes(pad(w, dilation)))
    total = b * times(w)
    for k, tap in enumerate(w):
        total = total + product(padded[:, k * dilation : k * dilation + x.shape[1]], tap)
    return total


conv1d_by_taps.__name__ = "conv1d"  # the exercise's


FLIPPED = {"taps": lambda w: w.flip(0)}
PADDED = {"pad": lambda w, dilation: ((len(w) - 1) * dilation,) * 2}
CAUSAL = {"pad": lambda w, dilation: ((len(w) - 1) * dilation, 0)}

wrong("kernel_flipped", conv1d, **FLIPPED)(
    en="The kernel is applied the other way round, as in a mathematician's convolution. Which tap "
    "meets the earliest position?",
    zh="卷积核用反了，成了数学意义上的卷积。哪一个权重对应最早的位置？",
)
wrong("dilation_ignored", conv1d, apart=lambda dilation: 1)(
    en="The taps look at neighbouring positions, whatever `dilation` says. How far apart should "
    "they look?",
    zh="无论 `dilation` 是多少，各个权重看的都是相邻位置。它们之间应该隔多远？",
)
wrong("padding_added", conv1d, **PADDED)(
    en="There are too many zeros at the ends: the result is longer than the input. How far does "
    "the kernel reach beyond its middle on either side?",
    zh="两端补的零太多：结果比输入长。卷积核从中间向每一侧伸出多远？",
)
wrong("no_padding", conv1d, pad=lambda w, dilation: (0, 0))(
    en="Nothing is padded: the result is shorter than the input. What stands beyond the ends of "
    "the sequence?",
    zh="没有补零：结果比输入短。序列两端之外应当是什么？",
)
wrong("padding_without_dilation", conv1d, pad=lambda w, dilation: (len(w) // 2,) * 2)(
    en="The padding does not grow with the dilation, so the result is shorter than the input. How "
    "far does a dilated kernel reach?",
    zh="补零没有随 `dilation` 增大，所以结果比输入短。带空洞的卷积核伸出多远？",
)
PADDING = wrong("padding_without_dilation", conv1d_by_taps, pad=lambda w, dilation: len(w) // 2)(
    en="The padding does not grow with the dilation, so the later taps run out of the sequence. "
    "How far does a dilated kernel reach?",
    zh="补零没有随 `dilation` 增大，后面的权重就超出了序列。带空洞的卷积核伸出多远？",
)
wrong("padding_without_dilation", conv1d_by_taps, pad=lambda w, dilation: len(w) // 2 + dilation)(
    **PADDING
)
wrong("channels_padded", conv1d_by_taps, axes=lambda around: (around, around))(
    en="`F.pad` begins at the last axis, so the channels were padded. Which axis is the time?",
    zh="`F.pad` 从最后一个轴算起，补零补到了通道上。时间是哪个轴？",
)
wrong("channels_swapped", conv1d_by_taps, product=lambda x, tap: x @ tap.T)(
    en="Channels in and out have changed places: a tap is (D_in, D_out).",
    zh="输入通道和输出通道用反了：每个权重是 (D_in, D_out)。",
)


@mistake(
    "conv1d",
    "torch_layout",
    en="torch's own convolution keeps channels before time, and kernels as (out, in, K). Here it "
    "is (N, T, D) and (K, D_in, D_out); and the exercise is to write it.",
    zh="torch 自带的卷积把通道放在时间之前，卷积核是 (out, in, K)。这里是 (N, T, D) 和 (K, D_in, "
    "D_out)；而且题目要求自己写。",
)
def conv1d_of_torch(x, w, b, dilation=1):
    return F.conv1d(x, w, b, padding="same", dilation=dilation)


def _wrapped(x, before, after):
    return x[:, torch.arange(-before, x.shape[1] + after) % x.shape[1]]


def _repeated(x, before, after):
    return x[:, torch.arange(-before, x.shape[1] + after).clamp(0, x.shape[1] - 1)]


wrong("wrapped_around", conv1d, padded=_wrapped)(
    en="Beyond the ends of the sequence stands its other end, as `torch.roll` brings it. What "
    "should stand there?",
    zh="序列两端之外是另一端的内容（`torch.roll` 会这样）。那里应当是什么？",
)
wrong("ends_repeated", conv1d, padded=_repeated)(
    en="The first and the last word are repeated beyond the ends. What should stand there?",
    zh="两端之外重复了第一个和最后一个词。那里应当是什么？",
)
wrong("bias_each_tap", conv1d_by_taps, times=len)(
    en="The bias is added at every tap: it belongs to the output, once.",
    zh="每个权重都加了一次偏置：它属于输出，只加一次。",
)
wrong("averaged", conv1d, taps=lambda w: w / len(w))(
    en="The sum was divided by the number of taps: this is a sum, not a mean.",
    zh="和又除以了权重的个数：这里是求和，不是平均。",
)
wrong("one_sided_padding", conv1d, **CAUSAL)(
    en="All zeros stand before the sequence, so every output looks back only. Where does the "
    "kernel's middle tap belong?",
    zh="零全部补在了序列之前，于是每个输出只能向后看。卷积核的中间一格应当对准哪里？",
)
wrong("one_sided_padding", conv1d, pad=lambda w, dilation: (0, (len(w) - 1) * dilation))(
    en="All zeros stand behind the sequence, so every output looks ahead only. Where does the "
    "kernel's middle tap belong?",
    zh="零全部补在了序列之后，于是每个输出只能向前看。卷积核的中间一格应当对准哪里？",
)
wrong("no_bias", conv1d, bias=torch.zeros_like)(
    en="The bias is missing. What is added to every output?",
    zh="漏掉了偏置。每个输出还要加上什么？",
)


def _from_the_top(layers):
    return list(layers)[::-1]


def receptive_field(
    layers,
    *,
    order=lambda layers: layers,
    width=lambda kernel, dilation: (kernel - 1) * dilation,
    apart=lambda below, stride: below,
    jump=lambda below, stride: below * stride,
    start=1,
    way=None,
):
    """width: of a kernel, in gaps. apart: how far its inputs are, after the strides below.

    way: a recursion in place of these, of the field so far and a layer.
    """
    field, below = start, 1
    if way:
        for kernel, stride, dilation in order(layers):
            field = way(field, kernel, stride, dilation)
        return field
    for kernel, stride, dilation in order(layers):
        field += width(kernel, dilation) * apart(below, stride)
        below = jump(below, stride)
    return field


wrong("own_stride", receptive_field, apart=lambda below, stride: stride)(
    en="Each layer is counted with its own stride. How far apart in the input are two neighbours "
    "of its own input, after all the strides below?",
    zh="每一层只用了它自己的步幅。经过下面所有层的步幅之后，这一层输入中相邻的两点在原输入里相隔多"
    "远？",
)
wrong("last_stride_only", receptive_field, jump=lambda below, stride: stride)(
    en="Of the strides below a layer only the nearest counts. What do two poolings of two, one "
    "above the other, make of a distance?",
    zh="一层之下只算了最近一层的步幅。两个步幅为 2 的池化叠在一起，会把距离放大多少？",
)
wrong("stride_too_early", receptive_field, apart=lambda below, stride: below * stride)(
    en="A layer's stride already widens the layer itself. Does a stride move the taps of its own "
    "layer apart, or what the layers above see?",
    zh="一层的步幅已经作用到了它自己身上。步幅拉开的是本层的权重，还是上面各层看到的范围？",
)
wrong("stride_ignored", receptive_field, jump=lambda below, stride: 1)(
    en="The strides play no part. After a pooling of two, how far apart are two neighbours in the "
    "input?",
    zh="步幅没有起作用。经过步幅为 2 的池化之后，相邻两点在原输入里相隔多远？",
)
wrong("dilation_ignored", receptive_field, width=lambda kernel, dilation: kernel - 1)(
    en="The dilation plays no part. How wide is a kernel whose taps do not look at neighbours?",
    zh="空洞率没有起作用。各个权重不看相邻位置时，卷积核有多宽？",
)
GAPS = wrong("taps_for_gaps", receptive_field, width=lambda kernel, dilation: kernel * dilation)(
    en="Every layer counts its taps, but what widens the window are the gaps between them. How "
    "many gaps does a kernel of three have?",
    zh="每一层数的是权重的个数，但让窗口变宽的是它们之间的间隔。大小为 3 的卷积核有几个间隔？",
)
wrong(
    "taps_for_gaps", receptive_field, order=_from_the_top, way=lambda r, k, s, d: r * s - s + k * d
)(**GAPS)
wrong("one_more", receptive_field, start=2)(
    en="The count is one too many. How many inputs does one output see without any layer?",
    zh="多数了一个。一层也没有的时候，一个输出能看到几个输入？",
)
wrong("reversed_layers", receptive_field, way=lambda r, k, s, d: (r - 1) * s + (k - 1) * d + 1)(
    en="This recursion runs from the output to the input. From which end are the layers given?",
    zh="这个递推是从输出走向输入的。各层是从哪一端开始给出的？",
)
wrong(
    "stride_of_the_window",
    receptive_field,
    order=[lambda layers: layers, _from_the_top],
    way=lambda r, k, s, d: r * s + (k - 1) * d,
)(
    en="The whole window is multiplied by the stride. With r positions, how many strides lie "
    "between the first and the last?",
    zh="整个窗口都乘以了步幅。r 个位置之间有几个步幅？",
)
wrong("fields_multiplied", receptive_field, way=lambda r, k, s, d: r * ((k - 1) * d + 1))(
    en="The layers' fields are multiplied. By how much does one more layer widen the window?",
    zh="把各层的感受野相乘了。多一层会让窗口变宽多少？",
)
wrong("strides_added", receptive_field, jump=lambda below, stride: below + stride)(
    en="The strides are added. After two poolings of two, how far apart are two neighbours?",
    zh="把步幅加了起来。经过两次步幅为 2 的池化之后，相邻两点相隔多远？",
)
wrong(
    "strides_added",
    receptive_field,
    jump=lambda below, stride: below + stride,
    apart=lambda below, stride: max(1, below - 1),
)(
    en="The strides are added. After two poolings of two, how far apart are two neighbours?",
    zh="把步幅加了起来。经过两次步幅为 2 的池化之后，相邻两点相隔多远？",
)
wrong("dilated_size", receptive_field, width=lambda k, d: k + (k - 1) * d - 1)(
    en="A dilated kernel is taken to be wider than it is. From its first tap to its last, how many "
    "positions are there with a dilation of 1?",
    zh="带空洞的卷积核被算得太宽了。空洞率为 1 时，从第一个权重到最后一个一共有几个位置？",
)
wrong("starts_at_zero", receptive_field, start=0)(
    en="The count starts at 0. How many inputs does one output see without any layer?",
    zh="计数从 0 开始了。一层也没有的时候，一个输出能看到几个输入？",
)
wrong("padding_added", receptive_field, width=lambda k, d: (k - 1) * d + 2 * ((k - 1) * d // 2))(
    en="The zeros of the padding are counted. Does an output see more of the input because the "
    "input is padded?",
    zh="把补的零也数进去了。补零会让一个输出看到更多的输入吗？",
)
wrong("reversed_layers", receptive_field, order=_from_the_top)(
    en="The layers are taken from the last to the first. Which one is next to the input?",
    zh="层的顺序反了。哪一层紧挨着输入？",
)


def _linear(base, layer):
    return max(1, base * layer)


def layers_to_cover(
    length,
    kernel_size,
    dilation_base=1,
    *,
    way=None,
    more=0,
    taps=0,
    dilation=lambda base, layer: base**layer,
    result=lambda layers: layers,
):
    """more: positions to cover. taps: by how many a kernel is larger. way: in place of counting."""
    if way:
        return way(length, kernel_size, dilation_base)
    layers, field = 0, 1
    while field < length + more:
        field += (kernel_size + taps - 1) * dilation(dilation_base, layers)
        layers += 1
    return result(layers)


# The same numbers come from a field that starts at 0.
TOO_MANY = wrong("off_by_one", layers_to_cover, more=1)(
    en="There is one layer too many, for some lengths or for all. Is a field that is exactly "
    "`length` wide enough, and how wide is it without any layer?",
    zh="对某些长度或所有长度都多了一层。感受野恰好等于 `length` 时够不够？一层也没有时它有多宽？",
)
wrong("off_by_one", layers_to_cover, result=lambda layers: layers + 1)(**TOO_MANY)
wrong("off_by_one", layers_to_cover, result=lambda layers: max(0, layers - 1))(
    en="There is one layer too few. Do the layers that you return reach the whole length?",
    zh="少了一层。你返回的层数真的能覆盖整个长度吗？",
)
wrong("at_least_one", layers_to_cover, result=lambda layers: max(1, layers))(
    en="A single position asks for a layer. How wide is the field without any?",
    zh="只有一个位置时也用了一层。一层也没有时，感受野有多宽？",
)
wrong("dilation_ignored", layers_to_cover, dilation=lambda base, layer: 1)(
    en="The dilation plays no part: every layer widens the field by the same amount. What dilation "
    "does layer i have?",
    zh="空洞率没有起作用：每一层都让感受野增加同样多。第 i 层的空洞率是多少？",
)
wrong("dilation_too_early", layers_to_cover, dilation=lambda base, layer: base ** (layer + 1))(
    en="The first layer is dilated already. Layers are numbered from 0: what is the dilation of "
    "the first?",
    zh="第一层就已经带空洞了。层号从 0 开始：第一层的空洞率是多少？",
)
wrong(
    "linear_dilation", layers_to_cover, dilation=[_linear, lambda base, layer: base * (layer + 1)]
)(
    en="The dilation grows by the same amount from layer to layer. By what factor should it grow?",
    zh="空洞率逐层增加同样多。它应当按什么倍数增长？",
)
wrong("constant_dilation", layers_to_cover, dilation=lambda base, layer: base)(
    en="Every layer has the same dilation. How does it grow from layer to layer?",
    zh="每一层的空洞率都一样。它应当怎样逐层增长？",
)
wrong("taps_for_gaps", layers_to_cover, taps=1)(**GAPS)


def _undilated(way):
    """A formula for stacks without dilation; others are counted."""

    def formula(length, kernel, base):
        return way(length, kernel) if base == 1 else layers_to_cover(length, kernel, base)

    return formula


def _logarithm(length, kernel, base):
    if base == 1:
        return layers_to_cover(length, kernel)
    return math.ceil(math.log((length - 1) * (base - 1) / (kernel - 1) + 1, base))


def _quotient_of_logarithms(length, kernel, base):
    if base == 1:
        return layers_to_cover(length, kernel)
    total = (length - 1) * (base - 1) / (kernel - 1) + 1
    return math.ceil(math.log(total) / math.log(base))


def _kernel_taken(length, kernel, base):
    return math.ceil(length / kernel) if base == 1 else math.ceil(math.log(length, base))


wrong("rounded_down", layers_to_cover, way=_undilated(lambda t, k: (t - 1) // (k - 1)))(
    en="A depth that is no whole number was rounded down. Do so many layers cover the length?",
    zh="层数不是整数时向下取整了。这么多层够覆盖整个长度吗？",
)
wrong("rounded_down", layers_to_cover, way=_undilated(lambda t, k: round((t - 1) / (k - 1))))(
    en="A depth that is no whole number was rounded to the nearest. Do so many layers cover the "
    "length?",
    zh="层数不是整数时四舍五入了。这么多层够覆盖整个长度吗？",
)
wrong("float_logarithm", layers_to_cover, way=[_logarithm, _quotient_of_logarithms])(
    en="A logarithm that is rounded up fails where it should be a whole number: it comes out a "
    "little above. Count in integers.",
    zh="对数本该是整数时会略大一点，向上取整就错了。请用整数来数。",
)
wrong("taps_for_gaps", layers_to_cover, way=_kernel_taken)(**GAPS)
wrong("taps_for_gaps", layers_to_cover, way=_undilated(lambda t, k: math.ceil(t / k)))(**GAPS)


def _span(positions):
    """From the first to the last, both included."""
    return int(positions[-1] - positions[0]) + 1


def measured_receptive_field(
    weights,
    length,
    dilations,
    *,
    formula=None,
    picked=lambda length: length // 2,
    written=slice(None),
    felt=lambda gradient: gradient != 0,
    span=_span,
    **conv,
):
    """formula: in place of a measurement. picked, written: the output asked, and its numbers."""
    if formula:
        return formula(weights, length, dilations)
    width = weights[0].shape[1]
    with torch.enable_grad():
        x = weights[0].new_zeros(1, length, width).requires_grad_()
        y = x
        for w, dilation in zip(weights, dilations, strict=True):
            y = conv1d(y, w, w.new_zeros(width), dilation, **conv)
        output = y[0, picked(length)][..., written]
        (gradient,) = torch.autograd.grad(output.sum(), x)
    return span(felt(gradient[0]).any(-1).nonzero().flatten())


def _formula(weights, length, dilations):
    pairs = zip(weights, dilations, strict=True)
    return receptive_field((len(w), 1, dilation) for w, dilation in pairs)


def _clipped(weights, length, dilations):
    middle, reach = length // 2, _formula(weights, length, dilations) // 2
    return min(length - 1, middle + reach) - max(0, middle - reach) + 1


wrong("formula_for_measurement", measured_receptive_field, formula=_formula)(
    en="This is what the formula promises. What does the middle output feel in this sequence, with "
    "these weights? Let a gradient tell you.",
    zh="这是公式给出的值。在这个序列里、用这些权重，哪些输入真的影响中间的输出？让梯度来告诉你。",
)
wrong("formula_for_measurement", measured_receptive_field, formula=_clipped)(
    en="This is what the formula promises, cut off at the sequence's ends. Zeros among the weights "
    "and the padding of inner layers change more than that: let a gradient tell you.",
    zh="这是公式的值在序列两端截断的结果。但权重里的零和中间层的补零还会带来别的影响：让梯度来告诉"
    "你。",
)
wrong(
    "formula_for_measurement",
    measured_receptive_field,
    formula=lambda w, t, d: min(t, _formula(w, t, d)),
)(
    en="This is what the formula promises, or the length where that is less. What does the middle "
    "output feel, at its own distance from either end? Let a gradient tell you.",
    zh="这是公式的值与序列长度中较小的一个。中间的输出离两端各有多远，哪些输入又真的影响它？让梯度来"
    "告诉你。",
)
wrong("dilation_ignored", measured_receptive_field, apart=lambda dilation: 1)(
    en="The stack runs without its dilations. Does each layer get its own?",
    zh="各层卷积没有用上空洞率。每一层都拿到自己的空洞率了吗？",
)
wrong("count_for_span", measured_receptive_field, span=len)(
    en="The positions that are felt are counted one by one. What about the gaps between the first "
    "and the last?",
    zh="只数了有影响的位置。第一个与最后一个之间的空隙算不算？",
)
for _least in (1e-5, 1e-6, 1e-8, 1e-12):
    wrong(
        "threshold", measured_receptive_field, felt=lambda gradient, n=_least: gradient.abs() > n
    )(
        en="Small gradients are taken for none. With small weights they are small, not zero.",
        zh="把很小的梯度当成了零。权重小时梯度也小，但不是零。",
    )
wrong("off_by_one", measured_receptive_field, span=lambda positions: _span(positions) - 1)(
    en="An end is left out. How many positions are there from position 3 to position 5?",
    zh="漏掉了一端。从位置 3 到位置 5 一共有几个位置？",
)
wrong("not_the_middle", measured_receptive_field, picked=lambda length: [-1, 0])(
    en="Another output than the middle one is looked at. Which index is the middle one's?",
    zh="看的不是中间的输出。中间那个输出的下标是多少？",
)
wrong("not_the_middle", measured_receptive_field, picked=slice)(
    en="The gradient is that of all outputs together. Which one output is asked for?",
    zh="梯度是对所有输出一起求的。题目问的是哪一个输出？",
)
wrong("not_the_middle", measured_receptive_field, picked=lambda length: (length - 1) // 2)(
    en="The output one before the middle is looked at where the length is even. Which index does "
    "the docstring name?",
    zh="长度为偶数时，看的是中间输出的前一个。说明里写的是哪个下标？",
)
wrong("one_output_channel", measured_receptive_field, written=slice(1))(
    en="Only the first number of the middle output is asked. All of them are that output.",
    zh="只对中间输出的第一个数求了梯度。它的所有数合起来才是这个输出。",
)
wrong("one_channel", measured_receptive_field, felt=lambda gradient: gradient[:, :1] != 0)(
    en="Only the first channel is looked at. A position is felt if any of its numbers is.",
    zh="只看了第一个通道。一个位置的任何一个数有影响，这个位置就有影响。",
)
wrong("positive_only", measured_receptive_field, felt=lambda g: g.sum(-1, keepdim=True) > 0)(
    en="The gradient's numbers were added with their signs, and only positive sums count. Is a "
    "position with a negative gradient not felt?",
    zh="把梯度的各个数带着符号相加，只数了正的和。梯度为负的位置就没有影响吗？",
)
wrong("channels_cancel", measured_receptive_field, felt=lambda g: g.sum(-1, keepdim=True) != 0)(
    en="The gradient's numbers at a position are added with their signs, and 1 and -1 cancel. Is a "
    "position where they do not felt?",
    zh="把一个位置上梯度的各个数带着符号相加，1 和 -1 会互相抵消。这样的位置就没有影响吗？",
)
wrong("positive_only", measured_receptive_field, felt=lambda gradient: gradient > 0)(
    en="Only positive gradients are counted. Is a position with a negative gradient not felt?",
    zh="只数了正的梯度。梯度为负的位置就没有影响吗？",
)
wrong("kernel_flipped", measured_receptive_field, **FLIPPED)(
    en="The kernels are applied the other way round. Which tap of `conv1d` meets the earliest "
    "position?",
    zh="卷积核用反了。`conv1d` 的哪一个权重对应最早的位置？",
)
wrong("one_sided_padding", measured_receptive_field, **CAUSAL)(
    en="All zeros stand before the sequence, so every output looks back only: see `conv1d`.",
    zh="零全部补在了序列之前，于是每个输出只能向后看：请检查 `conv1d`。",
)
wrong("padding_added", measured_receptive_field, **PADDED)(
    en="Every layer makes the sequence longer, so the middle has moved: see `conv1d`.",
    zh="每一层都让序列变长，中间位置也就移动了：请检查 `conv1d`。",
)


# made so often that one program may make two
COMMON = """
kernel_flipped dilation_ignored one_sided_padding no_bias stride_ignored stride_too_early
taps_for_gaps starts_at_zero reversed_layers off_by_one at_least_one not_the_middle
count_for_span positive_only
""".split()
