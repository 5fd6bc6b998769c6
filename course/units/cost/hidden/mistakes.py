"""Known mistakes of the unit `cost`."""

from math import ceil, log

from autograder.mistakes.entry import wrong

LAYERS = ("recurrent", "convolution", "dilated_convolution", "self_attention")


def _pick(layer, *costs):
    """The cost of the layer asked for. Raises ValueError for any other."""
    if layer not in LAYERS:
        raise ValueError(layer)
    return costs[LAYERS.index(layer)]


def _depth(length, kernel_size, dilation_base=1):
    """How many layers it takes until the field covers the length."""
    layers, field = 0, 1
    while field < length:
        field += (kernel_size - 1) * dilation_base**layers
        layers += 1
    return layers


def _depths(t, k):
    """Of a plain and of a dilated stack, for t positions and k taps."""
    return _depth(t, k), _depth(t, k, k)


def sequential_steps(layer, length, kernel_size=3, *, steps=lambda t, k: (t, 1, 1, 1), pick=_pick):
    return pick(layer, *steps(length, kernel_size))


def max_path_length(
    layer,
    length,
    kernel_size=3,
    *,
    least=1,
    more=0,
    layers_more=0,
    depths=_depths,
    recurrent=lambda t: t,
    attention=lambda t: 1,
    pick=_pick,
):
    """more: positions to cover. layers_more: layers after them."""
    depths_of = depths(length + more, kernel_size)
    layers = (max(least, depth + layers_more) for depth in depths_of)
    return pick(layer, recurrent(length), *layers, attention(length))


def _paths(t, k):
    return t, *(max(1, depth) for depth in _depths(t, k)), 1


wrong("all_sequential", sequential_steps, steps=lambda t, k: (t, t, t, t))(
    en="Every layer is said to wait at every position. In which of the four does a position need "
    "the result of the one before?",
    zh="每一种层都被当成逐个位置等待。四种层中，哪一种的某个位置需要前一个位置的结果？",
)
wrong("all_parallel", sequential_steps, steps=lambda t, k: (1, 1, 1, 1))(
    en="No layer is said to wait. Can a recurrent state be computed before the one it starts from?",
    zh="没有一种层需要等待。循环网络的状态能在它所依赖的前一个状态之前算出来吗？",
)
wrong("paths_for_steps", sequential_steps, steps=_paths)(
    en="These are path lengths. One layer of a convolution is asked for, not a stack of them.",
    zh="这是路径长度。问的是一层卷积，而不是一叠卷积层。",
)
wrong("taps_for_steps", sequential_steps, steps=lambda t, k: (t, k, k, 1))(
    en="A convolution is said to take a step for every tap. Do the taps wait for one another?",
    zh="卷积被算成每个权重一步。各个权重之间需要互相等待吗？",
)
wrong("attention_waits", sequential_steps, steps=lambda t, k: (t, 1, 1, t))(
    en="Self-attention is said to wait at every position. Does one position need what came out of "
    "another?",
    zh="自注意力被当成逐个位置等待。一个位置需要另一个位置的结果吗？",
)
wrong("one_step_short", sequential_steps, steps=lambda t, k: (t - 1, 1, 1, 1))(
    en="The recurrent layer is a step short. How many states does it make for `length` words?",
    zh="循环层少算了一步。`length` 个词要算出多少个状态？",
)
wrong("one_step_short", max_path_length, recurrent=lambda t: t - 1)(
    en="The recurrent layer is a step short: what does the exercise say it returns?",
    zh="循环层少算了一步：题目说它应返回多少？",
)
wrong("attention_waits", max_path_length, attention=lambda t: t)(
    en="Self-attention is said to hand a word on from position to position. How many layers does "
    "it take from one to any other?",
    zh="自注意力被当成逐个位置传递。它从一个位置到任意另一个位置需要几层？",
)


def _any(layer, *costs):
    """No layer is refused: what is not known costs as much as the last."""
    return costs[LAYERS.index(layer)] if layer in LAYERS else costs[-1]


def _key(layer, *costs):
    return dict(zip(LAYERS, costs, strict=True))[layer]


wrong("no_layer", max_path_length, least=0)(
    en="For a single position the path has length 0. A layer it must be: what is the least that "
    "the exercise allows?",
    zh="只有一个位置时路径长度成了 0。至少要有一层：题目规定的最小值是多少？",
)
wrong("off_by_one", max_path_length, more=1)(
    en="There is one layer too many. Is a field that is exactly `length` wide enough?",
    zh="多了一层。感受野恰好等于 `length` 时够不够？",
)
wrong("off_by_one", max_path_length, layers_more=1)(
    en="There is one layer too many, whatever the length.",
    zh="无论长度是多少，都多了一层。",
)
for _rounded in (
    lambda t, k: (round((t - 1) / (k - 1)), _depth(t, k, k)),
    lambda t, k: ((t - 1) // (k - 1), _depth(t, k, k)),
    lambda t, k: (_depth(t, k), round(log(t, k))),
    lambda t, k: (_depth(t, k), int(log(t, k))),
    lambda t, k: ((t - 1) // (k - 1), int(log(t, k))),
):
    wrong("rounded_down", max_path_length, depths=_rounded)(
        en="A depth that is no whole number was rounded to the nearest, or down. Do so many layers "
        "cover the length?",
        zh="层数不是整数时四舍五入或向下取整了。这么多层够覆盖整个长度吗？",
    )
for _table in (
    lambda t, k: (ceil(t / k), ceil(log(t, k))),
    lambda t, k: (t // k, int(log(t, k))),
    lambda t, k: (t // k, _depth(t, k, k)),
):
    wrong("as_the_table", max_path_length, depths=_table)(
        en="These are the table's n/k and logarithm, made whole. Its O(·) hides constants: count "
        "the layers until they cover the length.",
        zh="这是表中的 n/k 和对数取整的结果。O(·) 略去了常数：请数要多少层才能覆盖整个长度。",
    )
wrong("dilation_ignored", max_path_length, depths=lambda t, k: (_depth(t, k), _depth(t, k)))(
    en="The dilated convolution is treated like the plain one. How fast does its field grow?",
    zh="空洞卷积被当成了普通卷积。它的感受野增长得有多快？",
)
wrong("dilation_base_two", max_path_length, depths=lambda t, k: (_depth(t, k), _depth(t, k, 2)))(
    en="The dilations double from layer to layer, whatever the kernel. By what factor do they grow "
    "in this exercise?",
    zh="无论卷积核多大，空洞率都逐层翻倍。本题中它们按什么倍数增长？",
)
wrong("taps_for_gaps", max_path_length, depths=lambda t, k: (ceil(t / k), _depth(t, k, k)))(
    en="The length is divided by the kernel's size. By how much does one more layer widen what an "
    "output sees?",
    zh="用长度除以了卷积核的大小。多一层能让一个输出看到的范围增加多少？",
)
wrong("float_logarithm", max_path_length, depths=lambda t, k: (_depth(t, k), ceil(log(t, k))))(
    en="A logarithm that is rounded up fails where the length is a whole power: it comes out a "
    "little above the integer. Count in integers.",
    zh="长度恰为整数次幂时，对数会略大于整数，向上取整就错了。请用整数来数。",
)
wrong("kernel_ignored", max_path_length, depths=lambda t, k: _depths(t, 3))(
    en="The kernel's size plays no part. Does a wider kernel not see further?",
    zh="卷积核的大小没有起作用。更宽的卷积核难道不是看得更远吗？",
)
wrong("steps_for_paths", max_path_length, depths=lambda t, k: (1, 1))(
    en="These are the sequential steps of one layer. Can one convolution carry a word from one end "
    "of the sequence to the other?",
    zh="这是一层的顺序步数。只用一层卷积，能把一个词从序列的一端传到另一端吗？",
)


def multiply_adds(
    layer,
    length,
    width,
    kernel_size=3,
    *,
    recurrent=2,
    attention=2,
    projections=0,
    kernel=lambda k: k,
    taps=lambda k, t, w: k * t * w**2,
    biases=0,
    sizes=lambda t, w: (t, w),
    squared=lambda t, w: t**2 * w,
    each=1,
    pick=_pick,
):
    """recurrent, attention, projections: how many products. each: operations of a product.

    squared: of the attention, one of its two products.
    """
    t, w = sizes(length, width)
    convolution = taps(kernel(kernel_size), t, w) + biases * t * w
    attending = attention * squared(t, w) + projections * t * w**2
    walked = recurrent * t * w**2 + biases * t * w
    return each * pick(layer, walked, convolution, convolution, attending)


wrong("one_product", multiply_adds, recurrent=1)(
    en="A recurrent step multiplies by one matrix only. By how many does it multiply, one for the "
    "word and …?",
    zh="循环网络的一步只乘了一个矩阵。除了作用在词上的矩阵，还有哪一个？",
)
wrong("one_product", multiply_adds, attention=1)(
    en="Self-attention multiplies two large matrices twice; one of the two products is left out.",
    zh="自注意力有两次大的矩阵乘法，这里漏掉了一次。",
)
wrong("depthwise", multiply_adds, taps=lambda k, t, w: k * t * w)(
    en="A tap is counted as one number for each channel. It is a matrix, (width, width).",
    zh="每个权重被当成了每个通道一个数。它其实是一个 (width, width) 的矩阵。",
)
wrong("kernel_squared", multiply_adds, kernel=lambda k: k**2)(
    en="The kernel's size counts squared, as for pictures. Along how many axes does it move here?",
    zh="卷积核的大小被平方了（像图像那样）。这里它沿几个轴移动？",
)
for _inside in (
    lambda k, t, w: k * (t - k + 1) * w**2,
    lambda k, t, w: (k * t - 2 * sum(range(k // 2 + 1))) * w**2,
):
    wrong("borders_left_out", multiply_adds, taps=_inside)(
        en="The positions at the borders are left out, or the taps there that meet zeros. What "
        "does the exercise say of them?",
        zh="漏掉了边上的位置，或那里遇到零的权重。题目对它们是怎么说的？",
    )
wrong("biases_counted", multiply_adds, biases=1)(
    en="The biases are counted, too: the layer is one without.",
    zh="偏置也算进去了：题目说的是没有偏置的层。",
)
wrong("length_and_width_swapped", multiply_adds, squared=lambda t, w: t * w**2)(
    en="Of the attention, length and width have changed places: how many scores are there, and how "
    "long is the sum in each?",
    zh="自注意力的长度与宽度用反了：一共有多少个分数，每个分数是多少项之和？",
)
wrong("projections_counted", multiply_adds, projections=3)(
    en="The projections to queries, keys and values are counted too. Which products of "
    "self-attention does the exercise ask for?",
    zh="把查询、键、值的投影也算进去了。题目要求数的是自注意力的哪些乘法？",
)
wrong("projections_counted", multiply_adds, projections=4)(
    en="The projections to queries, keys and values, and of the output, are counted too. Which "
    "products of self-attention does the exercise ask for?",
    zh="把查询、键、值以及输出的投影也算进去了。题目要求数的是自注意力的哪些乘法？",
)
wrong("kernel_ignored", multiply_adds, kernel=lambda k: 1)(
    en="The kernel's size plays no part. How many matrices does a convolution have?",
    zh="卷积核的大小没有起作用。一个卷积层有多少个矩阵？",
)
wrong("length_and_width_swapped", multiply_adds, sizes=lambda t, w: (w, t))(
    en="Length and width have changed places. Which of the two is the size of a matrix, and which "
    "says how often it is used?",
    zh="长度与宽度用反了。哪一个是矩阵的大小，哪一个是它被使用的次数？",
)
wrong("flops_for_multiply_adds", multiply_adds, each=2)(
    en="Multiplications and additions are counted apart. How many is a multiplication with its "
    "addition here?",
    zh="乘法和加法分开数了。在这里，一次乘法连同它的加法算几次？",
)
wrong("no_error", sequential_steps, max_path_length, multiply_adds, pick=_any)(
    en="A layer that there is not gets an answer like any other. What is to be raised for it?",
    zh="不存在的层也得到了答案。遇到它应当抛出什么？",
)
wrong("other_error", sequential_steps, max_path_length, multiply_adds, pick=_key)(
    en="Another exception than the one that is asked for: a dict raises a KeyError of its own.",
    zh="抛出的异常不是要求的那一种：字典自己抛出的是 KeyError。",
)

# made so often that one program may make two
COMMON = """
no_layer off_by_one dilation_ignored dilation_base_two taps_for_gaps kernel_ignored one_product
projections_counted flops_for_multiply_adds one_step_short
""".split()
