"""Known mistakes of the unit `streaming_attention`."""

import math

import torch

from autograder.mistakes.entry import wrong


def _root(q, k, v, size):
    return math.sqrt(q.shape[-1])


def _float32(q, k, v, size):
    return torch.sqrt(torch.tensor(q.shape[-1]))


def _blocks(k, v, size):
    return zip(k.split(size, -2), v.split(size, -2), strict=True)


def streaming_attention(
    q,
    k,
    v,
    block_size,
    *,
    divisor=_root,
    way=None,
    start=-math.inf,
    sum_rescaled=True,
    output_rescaled=True,
    shrinking=lambda old, new: (old - new).exp(),
    largest=torch.maximum,
    counted=lambda exponentials: exponentials,
    early=False,
):
    """way: in place of an online softmax over blocks of keys. early: is the division by the sum."""

    def score(keys):
        return q @ keys.mT / divisor(q, k, v, block_size)

    if way:
        return way(score, k, v, block_size)
    maximum = q.new_full((*q.shape[:-1], 1), start)
    total, output = torch.zeros_like(maximum), q.new_zeros(*q.shape[:-1], v.shape[-1])
    for keys, values in _blocks(k, v, block_size):
        scores = score(keys)
        larger = largest(maximum, scores.amax(-1, True))
        shrink, exponentials = shrinking(maximum, larger), (scores - larger).exp()
        total = total * (shrink if sum_rescaled else 1) + counted(exponentials).sum(-1, True)
        output = output * (shrink if output_rescaled else 1) + exponentials @ values
        output = output / total if early else output
        maximum = larger
    return output if early else output / total


wrong("no_scale", streaming_attention, divisor=lambda q, k, v, size: 1)(
    en="The scores are not scaled. What does attention do with a score before the softmax?",
    zh="分数没有缩放。在 softmax 之前，注意力对分数做什么？",
)
wrong("scale_by_d", streaming_attention, divisor=lambda q, k, v, size: q.shape[-1])(
    en="The scores are divided by the width of a key itself. Look at the scale again.",
    zh="分数直接除以了键的宽度。再看看缩放因子。",
)
wrong("scale_by_d_v", streaming_attention, divisor=lambda q, k, v, size: math.sqrt(v.shape[-1]))(
    en="The scores are scaled by the width of the values. Whose product is a score?",
    zh="缩放用的是 value 的宽度。分数是哪两个向量的点积？",
)
wrong("scale_by_length", streaming_attention, divisor=lambda q, k, v, size: math.sqrt(k.shape[-2]))(
    en="The scores are scaled by the number of keys. Which size makes dot products grow?",
    zh="缩放用的是 key 的个数。点积随哪个尺寸增大？",
)
wrong("scale_by_length", streaming_attention, divisor=lambda q, k, v, size: math.sqrt(size))(
    en="The scores are scaled by the number of keys in a block. Which size makes dot products "
    "grow?",
    zh="缩放用的是一个块中 key 的个数。点积随哪个尺寸增大？",
)
wrong("float32_root", streaming_attention, divisor=_float32)(
    en="The root has the digits of float32 only, whatever the scores have: PyTorch takes the root "
    "of a whole number in its default dtype. What takes it in Python's own precision?",
    zh="这个平方根只有 float32 的精度，与分数的精度无关：PyTorch 对整数开方时用的是默认 dtype。"
    "怎样按 Python 自己的精度来开方？",
)
wrong("sum_not_rescaled", streaming_attention, sum_rescaled=False)(
    en="When a larger score turns up, the running sum stays under the old maximum.",
    zh="出现更大的分数时，累计的和仍停留在旧的最大值之下。",
)
wrong("output_not_rescaled", streaming_attention, output_rescaled=False)(
    en="When a larger score turns up, the running output stays under the old maximum.",
    zh="出现更大的分数时，累计的输出仍停留在旧的最大值之下。",
)
wrong("nothing_rescaled", streaming_attention, sum_rescaled=False, output_rescaled=False)(
    en="Every block is taken under a maximum of its own time. What was summed before a larger "
    "score turned up belongs to the old one.",
    zh="每个块用的是当时的最大值。在更大的分数出现之前累计的内容仍对应旧的最大值。",
)


wrong("detached_sum", streaming_attention, counted=torch.detach)(
    en="The values are right, the gradient is not: the running sum was cut off from the scores, "
    "and it depends on them, too.",
    zh="值是对的，梯度不对：累计的和与分数的联系被切断了，而它也依赖于分数。",
)
wrong("max_of_block", streaming_attention, largest=lambda old, new: new)(
    en="The maximum is that of the newest block alone. After a block with far larger scores, what "
    "was summed before is multiplied by a number that overflows.",
    zh="最大值只取自最新的块。前面的块若有大得多的分数，之前累计的内容就会乘上一个溢出的数。",
)


def _enlarging(old, new):
    return (new - old).exp()


wrong("inverse_shrink", streaming_attention, start=[-1e4, -math.inf], shrinking=_enlarging)(
    en="What was summed before grows when a larger score turns up. Which of the two maxima is to "
    "be subtracted from which?",
    zh="出现更大的分数时，之前累计的内容反而变大了。两个最大值应当谁减去谁？",
)
wrong("detached_shrink", streaming_attention, shrinking=lambda a, b: (a - b).exp().detach())(
    en="The values are right, the gradient is not: what was brought under the new maximum was cut "
    "off from the scores on the way.",
    zh="值是对的，梯度不对：把旧的和换算到新的最大值时，与分数的联系被切断了。",
)


# other ways


def _block_maxima(score, k, v, size):
    total, output = 0, 0
    for keys, values in _blocks(k, v, size):
        scores = score(keys)
        exponentials = (scores - scores.amax(-1, True)).exp()
        total = total + exponentials.sum(-1, True)
        output = output + exponentials @ values
    return output / total


def _by_block(join):
    return lambda score, k, v, size: join(
        [score(keys).softmax(-1) @ values for keys, values in _blocks(k, v, size)]
    )


def _rest_dropped(score, k, v, size):
    whole = k.shape[-2] // size * size
    if not whole:
        return torch.zeros_like(score(k) @ v)
    return score(k[..., :whole, :]).softmax(-1) @ v[..., :whole, :]


def _last_key_dropped(score, k, v, size):
    kept = k.shape[-2] - (k.shape[-2] % size == 1 or size == 1)
    return score(k[..., :kept, :]).softmax(-1) @ v[..., :kept, :]


def _at_once(largest=lambda scores, size: scores.amax(-1, True), more=0.0):
    def way(score, k, v, size):
        scores = score(k)
        exponentials = (scores - largest(scores, size)).exp()
        return exponentials @ v / (exponentials.sum(-1, True) + more)

    return way


def _not_normalised(score, k, v, size):
    scores = score(k)
    return (scores - scores.amax(-1, True)).exp() @ v


wrong("nothing_rescaled", streaming_attention, way=_block_maxima)(
    en="Every block is taken under its own largest score, and the blocks are added as they are. "
    "Sums under different maxima cannot be added.",
    zh="每个块各用自己的最大分数，然后直接相加。不同最大值之下的和不能相加。",
)
wrong("blocks_averaged", streaming_attention, way=_by_block(lambda o: torch.stack(o).mean(0)))(
    en="Each block has a softmax of its own, and the blocks' outputs are averaged. A block with "
    "better keys deserves a larger share.",
    zh="每个块单独做 softmax，再对各块的输出求平均。key 更匹配的块应占更大的份额。",
)
wrong("blocks_added", streaming_attention, way=_by_block(sum))(
    en="Each block has a softmax of its own, and the blocks' outputs are added. All keys together "
    "share one weight of 1.",
    zh="每个块单独做 softmax，再把各块的输出相加。所有 key 的权重合起来才是 1。",
)
wrong("last_block_only", streaming_attention, way=_by_block(lambda o: o[-1]))(
    en="Only the last block is left in the result: every block replaces what came before.",
    zh="结果中只剩最后一个块：每个块都覆盖了之前的内容。",
)
wrong("first_block_only", streaming_attention, way=_by_block(lambda o: o[0]))(
    en="Only the first block of keys is looked at. Is there a `return` inside the loop?",
    zh="只看了第一个 key 块。循环里是不是有 `return`？",
)
wrong("rest_dropped", streaming_attention, way=_rest_dropped)(
    en="The keys after the last whole block are left out. The last block may be a short one.",
    zh="最后一个完整块之后的 key 被漏掉了。最后一个块可以更短。",
)
wrong("last_key_dropped", streaming_attention, way=_last_key_dropped)(
    en="A last block of a single key is left out. Where does the loop over the blocks end?",
    zh="最后只剩一个 key 的块被漏掉了。对块的循环在哪里结束？",
)
wrong("not_normalised", streaming_attention, way=_not_normalised)(
    en="The result is never divided by the sum of the exponentials.",
    zh="结果没有除以指数之和。",
)
wrong("no_max", streaming_attention, way=_at_once(lambda s, n: 0.0))(
    en="No maximum is subtracted before the exponential, and large scores overflow.",
    zh="取指数之前没有减去最大值，分数很大时会溢出。",
)
wrong(
    "max_of_first_block", streaming_attention, way=_at_once(lambda s, n: s[..., :n].amax(-1, True))
)(
    en="The maximum is that of the first block for good. A later score may be much larger.",
    zh="一直使用第一个块的最大值。之后的分数可能大得多。",
)
wrong("divided_in_every_block", streaming_attention, early=True)(
    en="The output is divided by the running sum in every block, and then grows on as if it had "
    "not been. How often may it be divided?",
    zh="输出在每一块里都除了一次当时的和，之后又当作没有除过继续累加。应当除几次？",
)
wrong("max_from_zero", streaming_attention, start=0.0)(
    en="The running maximum starts at a number, such as 0, so that scores far below it vanish. "
    "What is smaller than every score?",
    zh="累计最大值从某个数（比如 0）开始，远小于它的分数就消失了。什么数比所有分数都小？",
)
wrong("max_over_everything", streaming_attention, way=_at_once(lambda s, n: s.amax()))(
    en="All queries share one maximum, so that a query with low scores is left with nothing.",
    zh="所有 query 共用一个最大值，分数低的 query 就什么也不剩了。",
)
wrong("wrong_axis", streaming_attention, way=lambda score, k, v, n: score(k).softmax(-2) @ v)(
    en="The softmax runs over the queries. Which of them compete for one query's attention: "
    "queries or keys?",
    zh="softmax 沿 query 方向计算了。争夺一个 query 的注意力的是 query 还是 key？",
)
wrong(
    "scale_after_softmax",
    streaming_attention,
    divisor=lambda q, k, v, size: 1,
    way=lambda score, k, v, n: score(k).softmax(-1) @ v / math.sqrt(k.shape[-1]),
)(
    en="The weights are scaled, not the scores. Where does the scale stand?",
    zh="缩放的是权重而不是分数。缩放应放在哪一步？",
)
for _epsilon in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9):
    wrong("epsilon", streaming_attention, way=_at_once(more=_epsilon))(
        en="Something small is added to a denominator. The largest exponential is 1, so the sum "
        "cannot be zero and nothing needs a guard.",
        zh="分母里加了一个很小的数。最大的指数项为 1，和不可能为零，无需保护。",
    )


# made so often that one program may make two
COMMON = (
    "no_scale scale_by_d scale_by_d_v max_from_zero sum_not_rescaled output_not_rescaled".split()
)
