"""Known mistakes of the unit `streaming_attention`."""

import math

import torch

from autograder.mistakes.entry import mistake


def _stream(
    q, k, v, block_size, *, divisor=None, sum_rescaled=True, output_rescaled=True, start=-math.inf
):
    """Online softmax over blocks of keys; each option puts one part of it wrong."""
    divisor = math.sqrt(q.shape[-1]) if divisor is None else divisor
    maximum = q.new_full((*q.shape[:-1], 1), start)
    total, output = torch.zeros_like(maximum), q.new_zeros(*q.shape[:-1], v.shape[-1])
    for keys, values in zip(k.split(block_size, -2), v.split(block_size, -2), strict=True):
        scores = q @ keys.mT / divisor
        larger = torch.maximum(maximum, scores.amax(-1, keepdim=True))
        shrink, exponentials = (maximum - larger).exp(), (scores - larger).exp()
        total = total * (shrink if sum_rescaled else 1) + exponentials.sum(-1, keepdim=True)
        output = output * (shrink if output_rescaled else 1) + exponentials @ values
        maximum = larger
    return output / total


def _scores(q, k):
    return q @ k.mT / math.sqrt(q.shape[-1])


def _blocks(q, k, v, block_size):
    """The scores and the values of each block."""
    pairs = zip(k.split(block_size, -2), v.split(block_size, -2), strict=True)
    return [(_scores(q, keys), values) for keys, values in pairs]


def _plain(scores, v, maximum=0.0, epsilon=0.0):
    exponentials = (scores - maximum).exp()
    return exponentials @ v / (exponentials.sum(-1, keepdim=True) + epsilon)


@mistake(
    "streaming_attention",
    "no_scale",
    en="The scores are not scaled. What does attention do with a score before the softmax?",
    zh="分数没有缩放。在 softmax 之前，注意力对分数做什么？",
)
def no_scale(q, k, v, block_size):
    return _stream(q, k, v, block_size, divisor=1)


@mistake(
    "streaming_attention",
    "scale_by_d",
    en="The scores are divided by the width of a key itself. Look at the scale again.",
    zh="分数直接除以了键的宽度。再看看缩放因子。",
)
def scale_without_root(q, k, v, block_size):
    return _stream(q, k, v, block_size, divisor=q.shape[-1])


@mistake(
    "streaming_attention",
    "scale_by_d_v",
    en="The scores are scaled by the width of the values. Whose product is a score?",
    zh="缩放用的是 value 的宽度。分数是哪两个向量的点积？",
)
def scale_by_value_width(q, k, v, block_size):
    return _stream(q, k, v, block_size, divisor=math.sqrt(v.shape[-1]))


@mistake(
    "streaming_attention",
    "scale_by_length",
    en="The scores are scaled by the number of keys. Which size makes dot products grow?",
    zh="缩放用的是 key 的个数。点积随哪个尺寸增大？",
)
def scale_by_length(q, k, v, block_size):
    return _stream(q, k, v, block_size, divisor=math.sqrt(k.shape[-2]))


@mistake(
    "streaming_attention",
    "scale_by_length",
    en="The scores are scaled by the number of keys in a block. Which size makes dot products "
    "grow?",
    zh="缩放用的是一个块中 key 的个数。点积随哪个尺寸增大？",
)
def scale_by_block(q, k, v, block_size):
    return _stream(q, k, v, block_size, divisor=math.sqrt(block_size))


@mistake(
    "streaming_attention",
    "float32_root",
    en="The root has the digits of float32 only, whatever the scores have: PyTorch takes the root "
    "of a whole number in its default dtype. What takes it in Python's own precision?",
    zh="这个平方根只有 float32 的精度，与分数的精度无关：PyTorch 对整数开方时用的是默认 dtype。"
    "怎样按 Python 自己的精度来开方？",
)
def float32_root(q, k, v, block_size):
    return _stream(q, k, v, block_size, divisor=torch.sqrt(torch.tensor(q.shape[-1])))


@mistake(
    "streaming_attention",
    "sum_not_rescaled",
    en="When a larger score turns up, the running sum stays under the old maximum.",
    zh="出现更大的分数时，累计的和仍停留在旧的最大值之下。",
)
def sum_not_rescaled(q, k, v, block_size):
    return _stream(q, k, v, block_size, sum_rescaled=False)


@mistake(
    "streaming_attention",
    "output_not_rescaled",
    en="When a larger score turns up, the running output stays under the old maximum.",
    zh="出现更大的分数时，累计的输出仍停留在旧的最大值之下。",
)
def output_not_rescaled(q, k, v, block_size):
    return _stream(q, k, v, block_size, output_rescaled=False)


@mistake(
    "streaming_attention",
    "nothing_rescaled",
    en="Every block is taken under a maximum of its own time. What was summed before a larger "
    "score turned up belongs to the old one.",
    zh="每个块用的是当时的最大值。在更大的分数出现之前累计的内容仍对应旧的最大值。",
)
def nothing_rescaled(q, k, v, block_size):
    return _stream(q, k, v, block_size, sum_rescaled=False, output_rescaled=False)


@mistake(
    "streaming_attention",
    "nothing_rescaled",
    en="Every block is taken under its own largest score, and the blocks are added as they are. "
    "Sums under different maxima cannot be added.",
    zh="每个块各用自己的最大分数，然后直接相加。不同最大值之下的和不能相加。",
)
def block_maxima(q, k, v, block_size):
    total, output = 0, 0
    for scores, values in _blocks(q, k, v, block_size):
        exponentials = (scores - scores.amax(-1, keepdim=True)).exp()
        total = total + exponentials.sum(-1, keepdim=True)
        output = output + exponentials @ values
    return output / total


@mistake(
    "streaming_attention",
    "blocks_averaged",
    en="Each block has a softmax of its own, and the blocks' outputs are averaged. A block with "
    "better keys deserves a larger share.",
    zh="每个块单独做 softmax，再对各块的输出求平均。key 更匹配的块应占更大的份额。",
)
def blocks_averaged(q, k, v, block_size):
    parts = [torch.softmax(s, -1) @ values for s, values in _blocks(q, k, v, block_size)]
    return torch.stack(parts).mean(0)


@mistake(
    "streaming_attention",
    "blocks_added",
    en="Each block has a softmax of its own, and the blocks' outputs are added. All keys together "
    "share one weight of 1.",
    zh="每个块单独做 softmax，再把各块的输出相加。所有 key 的权重合起来才是 1。",
)
def blocks_added(q, k, v, block_size):
    return sum(torch.softmax(s, -1) @ values for s, values in _blocks(q, k, v, block_size))


@mistake(
    "streaming_attention",
    "last_block_only",
    en="Only the last block is left in the result: every block replaces what came before.",
    zh="结果中只剩最后一个块：每个块都覆盖了之前的内容。",
)
def last_block_only(q, k, v, block_size):
    scores, values = _blocks(q, k, v, block_size)[-1]
    return torch.softmax(scores, -1) @ values


@mistake(
    "streaming_attention",
    "first_block_only",
    en="Only the first block of keys is looked at. Is there a `return` inside the loop?",
    zh="只看了第一个 key 块。循环里是不是有 `return`？",
)
def first_block_only(q, k, v, block_size):
    scores, values = _blocks(q, k, v, block_size)[0]
    return torch.softmax(scores, -1) @ values


@mistake(
    "streaming_attention",
    "rest_dropped",
    en="The keys after the last whole block are left out. The last block may be a short one.",
    zh="最后一个完整块之后的 key 被漏掉了。最后一个块可以更短。",
)
def rest_dropped(q, k, v, block_size):
    whole = k.shape[-2] // block_size * block_size
    if not whole:
        return q.new_zeros(*q.shape[:-1], v.shape[-1])
    return torch.softmax(_scores(q, k[..., :whole, :]), -1) @ v[..., :whole, :]


@mistake(
    "streaming_attention",
    "not_normalised",
    en="The result is never divided by the sum of the exponentials.",
    zh="结果没有除以指数之和。",
)
def not_normalised(q, k, v, block_size):
    scores = _scores(q, k)
    return (scores - scores.amax(-1, keepdim=True)).exp() @ v


@mistake(
    "streaming_attention",
    "no_max",
    en="No maximum is subtracted before the exponential, and large scores overflow.",
    zh="取指数之前没有减去最大值，分数很大时会溢出。",
)
def no_maximum(q, k, v, block_size):
    return _plain(_scores(q, k), v)


@mistake(
    "streaming_attention",
    "max_of_first_block",
    en="The maximum is that of the first block for good. A later score may be much larger.",
    zh="一直使用第一个块的最大值。之后的分数可能大得多。",
)
def first_maximum(q, k, v, block_size):
    scores = _scores(q, k)
    return _plain(scores, v, scores[..., :block_size].amax(-1, keepdim=True))


@mistake(
    "streaming_attention",
    "max_from_zero",
    en="The running maximum starts at 0, so that scores far below 0 vanish. What is smaller than "
    "every score?",
    zh="累计最大值从 0 开始，远小于 0 的分数就消失了。什么数比所有分数都小？",
)
def maximum_from_zero(q, k, v, block_size):
    return _stream(q, k, v, block_size, start=0.0)


@mistake(
    "streaming_attention",
    "max_over_everything",
    en="All queries share one maximum, so that a query with low scores is left with nothing.",
    zh="所有 query 共用一个最大值，分数低的 query 就什么也不剩了。",
)
def maximum_over_everything(q, k, v, block_size):
    scores = _scores(q, k)
    return _plain(scores, v, scores.amax())


@mistake(
    "streaming_attention",
    "wrong_axis",
    en="The softmax runs over the queries. Which of them compete for one query's attention: "
    "queries or keys?",
    zh="softmax 沿 query 方向计算了。争夺一个 query 的注意力的是 query 还是 key？",
)
def wrong_axis(q, k, v, block_size):
    return torch.softmax(_scores(q, k), -2) @ v


@mistake(
    "streaming_attention",
    "scale_after_softmax",
    en="The weights are scaled, not the scores. Where does the scale stand?",
    zh="缩放的是权重而不是分数。缩放应放在哪一步？",
)
def scaled_after_softmax(q, k, v, block_size):
    return torch.softmax(q @ k.mT, -1) @ v / math.sqrt(q.shape[-1])


def _epsilon(amount):
    def streaming_attention(q, k, v, block_size):
        scores = _scores(q, k)
        return _plain(scores, v, scores.amax(-1, keepdim=True), amount)

    return streaming_attention


for _amount in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9):
    mistake(
        "streaming_attention",
        "epsilon",
        en="Something small is added to a denominator. The largest exponential is 1, so the sum "
        "cannot be zero and nothing needs a guard.",
        zh="分母里加了一个很小的数。最大的指数项为 1，和不可能为零，无需保护。",
    )(_epsilon(_amount))
