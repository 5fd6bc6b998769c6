"""Known mistakes of the unit `cost`."""

import math

from autograder.mistakes.entry import mistake

LAYERS = ("recurrent", "convolution", "dilated_convolution", "self_attention")


def _pick(layer, recurrent, convolution, dilated, attention):
    """The cost of the layer asked for. Raises ValueError for any other."""
    if layer not in LAYERS:
        raise ValueError(layer)
    return (recurrent, convolution, dilated, attention)[LAYERS.index(layer)]


@mistake(
    "sequential_steps",
    "all_sequential",
    en="Every layer is said to wait at every position. In which of the four does a position need "
    "the result of the one before?",
    zh="每一种层都被当成逐个位置等待。四种层中，哪一种的某个位置需要前一个位置的结果？",
)
def sequential_steps_everywhere(layer, length, kernel_size=3):
    return _pick(layer, length, length, length, length)


@mistake(
    "sequential_steps",
    "all_parallel",
    en="No layer is said to wait. Can a recurrent state be computed before the one it starts from?",
    zh="没有一种层需要等待。循环网络的状态能在它所依赖的前一个状态之前算出来吗？",
)
def sequential_steps_nowhere(layer, length, kernel_size=3):
    return _pick(layer, 1, 1, 1, 1)


@mistake(
    "sequential_steps",
    "paths_for_steps",
    en="These are path lengths. One layer of a convolution is asked for, not a stack of them.",
    zh="这是路径长度。问的是一层卷积，而不是一叠卷积层。",
)
def sequential_steps_of_a_stack(layer, length, kernel_size=3):
    return _paths(layer, length, kernel_size, kernel_size)


@mistake(
    "sequential_steps",
    "taps_for_steps",
    en="A convolution is said to take a step for every tap. Do the taps wait for one another?",
    zh="卷积被算成每个权重一步。各个权重之间需要互相等待吗？",
)
def sequential_steps_of_taps(layer, length, kernel_size=3):
    return _pick(layer, length, kernel_size, kernel_size, 1)


def _layers(length, kernel_size, dilation_base):
    """How many layers it takes until the field covers the length."""
    layers, field = 0, 1
    while field < length:
        field += (kernel_size - 1) * dilation_base**layers
        layers += 1
    return layers


def _paths(layer, length, kernel_size, dilation_base, least=1, beyond=0):
    """The path lengths, but for what the arguments change; `beyond`: positions too many."""
    plain = max(least, _layers(length + beyond, kernel_size, 1))
    dilated = max(least, _layers(length + beyond, kernel_size, dilation_base))
    return _pick(layer, length, plain, dilated, 1)


@mistake(
    "max_path_length",
    "no_layer",
    en="For a single position the path has length 0. A layer it must be: what is the least that "
    "the exercise allows?",
    zh="只有一个位置时路径长度成了 0。至少要有一层：题目规定的最小值是多少？",
)
def max_path_length_of_zero(layer, length, kernel_size=3):
    return _paths(layer, length, kernel_size, kernel_size, least=0)


@mistake(
    "max_path_length",
    "off_by_one",
    en="There is one layer too many. Is a field that is exactly `length` wide enough?",
    zh="多了一层。感受野恰好等于 `length` 时够不够？",
)
def max_path_length_of_more(layer, length, kernel_size=3):
    return _paths(layer, length, kernel_size, kernel_size, beyond=1)


@mistake(
    "max_path_length",
    "dilation_ignored",
    en="The dilated convolution is treated like the plain one. How fast does its field grow?",
    zh="空洞卷积被当成了普通卷积。它的感受野增长得有多快？",
)
def max_path_length_without_dilation(layer, length, kernel_size=3):
    return _paths(layer, length, kernel_size, 1)


@mistake(
    "max_path_length",
    "dilation_base_two",
    en="The dilations double from layer to layer, whatever the kernel. By what factor do they grow "
    "in this exercise?",
    zh="无论卷积核多大，空洞率都逐层翻倍。本题中它们按什么倍数增长？",
)
def max_path_length_doubling(layer, length, kernel_size=3):
    return _paths(layer, length, kernel_size, 2)


@mistake(
    "max_path_length",
    "taps_for_gaps",
    en="The length is divided by the kernel's size. By how much does one more layer widen what an "
    "output sees?",
    zh="用长度除以了卷积核的大小。多一层能让一个输出看到的范围增加多少？",
)
def max_path_length_by_kernel(layer, length, kernel_size=3):
    plain = math.ceil(length / kernel_size)
    return _pick(layer, length, plain, max(1, _layers(length, kernel_size, kernel_size)), 1)


@mistake(
    "max_path_length",
    "float_logarithm",
    en="A logarithm that is rounded up fails where the length is a whole power: it comes out a "
    "little above the integer. Count in integers.",
    zh="长度恰为整数次幂时，对数会略大于整数，向上取整就错了。请用整数来数。",
)
def max_path_length_by_logarithm(layer, length, kernel_size=3):
    plain = max(1, _layers(length, kernel_size, 1))
    return _pick(layer, length, plain, max(1, math.ceil(math.log(length, kernel_size))), 1)


@mistake(
    "max_path_length",
    "kernel_ignored",
    en="The kernel's size plays no part. Does a wider kernel not see further?",
    zh="卷积核的大小没有起作用。更宽的卷积核难道不是看得更远吗？",
)
def max_path_length_without_kernel(layer, length, kernel_size=3):
    return _paths(layer, length, 3, 3)


@mistake(
    "max_path_length",
    "steps_for_paths",
    en="These are the sequential steps of one layer. Can one convolution carry a word from one end "
    "of the sequence to the other?",
    zh="这是一层的顺序步数。只用一层卷积，能把一个词从序列的一端传到另一端吗？",
)
def max_path_length_of_one_layer(layer, length, kernel_size=3):
    return _pick(layer, length, 1, 1, 1)


def _counts(layer, length, width, kernel_size, recurrent=None, attention=None):
    """The multiply-adds, but for what is given."""
    convolution = kernel_size * length * width**2
    recurrent = 2 * length * width**2 if recurrent is None else recurrent
    attention = 2 * length**2 * width if attention is None else attention
    return _pick(layer, recurrent, convolution, convolution, attention)


@mistake(
    "multiply_adds",
    "one_product",
    en="A recurrent step multiplies by one matrix only. By how many does it multiply, one for the "
    "word and …?",
    zh="循环网络的一步只乘了一个矩阵。除了作用在词上的矩阵，还有哪一个？",
)
def multiply_adds_of_one_matrix(layer, length, width, kernel_size=3):
    return _counts(layer, length, width, kernel_size, recurrent=length * width**2)


@mistake(
    "multiply_adds",
    "one_product",
    en="Self-attention multiplies two large matrices twice; one of the two products is left out.",
    zh="自注意力有两次大的矩阵乘法，这里漏掉了一次。",
)
def multiply_adds_of_scores_alone(layer, length, width, kernel_size=3):
    return _counts(layer, length, width, kernel_size, attention=length**2 * width)


@mistake(
    "multiply_adds",
    "projections_counted",
    en="The projections to queries, keys and values are counted too. Which products of "
    "self-attention does the exercise ask for?",
    zh="把查询、键、值的投影也算进去了。题目要求数的是自注意力的哪些乘法？",
)
def multiply_adds_with_projections(layer, length, width, kernel_size=3):
    attention = 2 * length**2 * width + 3 * length * width**2
    return _counts(layer, length, width, kernel_size, attention=attention)


@mistake(
    "multiply_adds",
    "projections_counted",
    en="The projections to queries, keys and values, and of the output, are counted too. Which "
    "products of self-attention does the exercise ask for?",
    zh="把查询、键、值以及输出的投影也算进去了。题目要求数的是自注意力的哪些乘法？",
)
def multiply_adds_with_all_projections(layer, length, width, kernel_size=3):
    attention = 2 * length**2 * width + 4 * length * width**2
    return _counts(layer, length, width, kernel_size, attention=attention)


@mistake(
    "multiply_adds",
    "kernel_ignored",
    en="The kernel's size plays no part. How many matrices does a convolution have?",
    zh="卷积核的大小没有起作用。一个卷积层有多少个矩阵？",
)
def multiply_adds_without_kernel(layer, length, width, kernel_size=3):
    return _counts(layer, length, width, 1)


@mistake(
    "multiply_adds",
    "length_and_width_swapped",
    en="Length and width have changed places. Which of the two is the size of a matrix, and which "
    "says how often it is used?",
    zh="长度与宽度用反了。哪一个是矩阵的大小，哪一个是它被使用的次数？",
)
def multiply_adds_swapped(layer, length, width, kernel_size=3):
    return _counts(layer, width, length, kernel_size)


@mistake(
    "multiply_adds",
    "flops_for_multiply_adds",
    en="Multiplications and additions are counted apart. How many is a multiplication with its "
    "addition here?",
    zh="乘法和加法分开数了。在这里，一次乘法连同它的加法算几次？",
)
def multiply_adds_and_additions(layer, length, width, kernel_size=3):
    return 2 * _counts(layer, length, width, kernel_size)
