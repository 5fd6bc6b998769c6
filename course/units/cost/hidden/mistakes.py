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
