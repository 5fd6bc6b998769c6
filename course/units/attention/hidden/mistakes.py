"""Known mistakes of the unit `attention`: one wrong part each, alone and in the whole pipeline."""

import math

import torch

from autograder.mistakes.entry import wrong


def score(q, k, *, product=lambda q, k: q @ k.mT):
    return product(q, k)


def scale(scores, d_k, *, divisor=lambda scores, d_k: math.sqrt(d_k), divide=torch.div):
    return divide(scores, divisor(scores, d_k))


def softmax(scores, dim=-1, *, normalise=torch.softmax):
    return normalise(scores, dim)


def weighted_sum(weights, v, *, mix=torch.matmul):
    return mix(weights, v)


def attention(
    q,
    k,
    v,
    mask=None,
    *,
    product=lambda q, k: q @ k.mT,
    width=lambda q, v: q.shape[-1],
    divisor=lambda scores, d_k: math.sqrt(d_k),
    read=lambda mask: mask,
    hide=lambda scores, mask: scores.masked_fill(~mask, -math.inf),
    normalise=torch.softmax,
    zeroed=True,
    mix=torch.matmul,
    result=lambda output, weights, scores, q, k, v: (output, weights),
):
    """zeroed: hidden weights are set to zero; or "empty", those only that are hidden row by row."""
    scores = scale(product(q, k), width(q, v), divisor=divisor)
    mask = None if mask is None else read(mask)
    scores = scores if mask is None else hide(scores, mask)
    weights = normalise(scores, -1)
    if mask is not None and zeroed:
        hidden = ~mask.any(-1, keepdim=True) if zeroed == "empty" else ~mask
        weights = weights.masked_fill(hidden, 0.0)  # NaN too, in a row that is hidden whole
    return result(mix(weights, v), weights, scores, q, k, v)


# score


def _all_turned(q, k):
    return q @ k.permute(*reversed(range(k.dim())))


def _first_two_turned(q, k):
    return q @ k.transpose(0, 1)


wrong("no_transpose", score, attention, product=[torch.matmul, _all_turned, _first_two_turned])(
    en="Which axes does your transpose exchange? Only the last two belong to one sentence, and a "
    "transpose that is missing or that moves the batch axis pairs the wrong numbers.",
    zh="你的转置交换了哪些轴？只有最后两个轴属于同一个句子；漏掉转置或移动了批次轴，都会配错数字。",
)
wrong(
    "reshaped",
    score,
    attention,
    product=lambda q, k: q @ k.reshape(*k.shape[:-2], k.shape[-1], k.shape[-2]),
)(
    en="The keys were reshaped where they should be transposed: the shape is right, the numbers of "
    "one key are torn apart. What exchanges two axes?",
    zh="key 被 reshape 了，而这里需要的是转置：形状是对的，但同一个 key 的数字被拆散了。"
    "什么操作才是交换两个轴？",
)
wrong("swapped_qk", score, attention, product=lambda q, k: k @ q.mT)(
    en="Queries and keys have changed places: rows belong to the queries, columns to the keys.",
    zh="query 和 key 的位置颠倒了：行应对应 query，列应对应 key。",
)
wrong("scaled_twice", score, attention, product=lambda q, k: q @ k.mT / math.sqrt(q.shape[-1]))(
    en="The scores are scaled more than once, or scaled where plain dot products are asked for.",
    zh="分数被缩放了不止一次，或者在只要求点积的地方就已经缩放了。",
)
wrong("elementwise", score, attention, product=[lambda q, k: (q * k).sum(-1), torch.mul])(
    en="Query i is multiplied with key i only, elementwise. Every query meets every key: "
    "which product does that?",
    zh="第 i 个 query 只与第 i 个 key 逐元素相乘了。每个 query 都要与每个 key 相遇：该用哪种乘法？",
)
FIXED = wrong(
    "fixed_axes",
    score,
    product=[
        lambda q, k: torch.einsum("id,jd->ij", q, k),
        lambda q, k: torch.einsum("bid,bjd->bij", q, k),
        lambda q, k: torch.einsum("bhid,bhjd->bhij", q, k),
        lambda q, k: torch.bmm(q, k.transpose(1, 2)),
        lambda q, k: torch.mm(q, k.T),
    ],
)(
    en="This works for one number of axes only. The leading axes are free: there may be none, one "
    "or several. What works on the last two axes, whatever stands before them?",
    zh="这种写法只适用于固定个数的轴。前面的轴是任意的：可以没有，也可以有一个或几个。"
    "什么写法只管最后两个轴？",
)


def _unit(vectors):
    return vectors / vectors.norm(dim=-1, keepdim=True)


wrong("cosine", score, attention, product=lambda q, k: _unit(q) @ _unit(k).mT)(
    en="Queries and keys were made vectors of length 1 first, so these are cosines. Plain dot "
    "products are asked for.",
    zh="query 和 key 先被归一成了长度为 1 的向量，得到的是余弦。要求的是点积本身。",
)


# scale


def _keys(scores, d_k):
    return math.sqrt(scores.shape[-1])


def _queries(scores, d_k):
    return math.sqrt(scores.shape[-2])


def _root(q):
    return math.sqrt(q.shape[-1])


NO_SCALE = wrong("no_scale", scale, divisor=lambda s, d_k: 1.0)(
    en="The scores are not divided at all. Their spread grows with the width of a key.",
    zh="分数根本没有被缩放。key 越宽，分数的波动就越大。",
)
SCALE_BY_D = wrong("scale_by_d", scale, divisor=lambda scores, d_k: d_k)(
    en="The scores are divided by the width itself. How does the spread of a dot product grow: "
    "with the width, or more slowly?",
    zh="分数除以了宽度本身。点积的波动是随宽度同样快地增长，还是更慢？",
)
SCALE_BY_LENGTH = wrong("scale_by_length", scale, divisor=[_keys, _queries])(
    en="The divisor comes from the length of the sentence. It should come from the width of a key: "
    "a longer sentence does not make a dot product larger.",
    zh="除数取自句子的长度，而它应取自 key 的宽度：句子变长不会使点积变大。",
)
MULTIPLIED = wrong("multiplied", scale, divisor=lambda scores, d_k: 1 / math.sqrt(d_k))(
    en="The scores grow where they should shrink: multiplied in place of divided.",
    zh="分数本该变小却变大了：应该除的地方用了乘。",
)
wrong("rounded_root", scale, divisor=lambda scores, d_k: math.isqrt(d_k))(
    en="The root was cut to an integer on the way.",
    zh="平方根在中途被截成了整数。",
)
wrong("floor_division", scale, divide=lambda scores, root: scores // root)(
    en="The quotients are rounded down: `//` is a floor division.",
    zh="商被向下取整了：`//` 是整除。",
)
FLOAT32 = wrong("float32_root", scale, divisor=lambda s, d_k: torch.sqrt(torch.tensor(d_k)))(
    en="The root has the digits of float32 only, whatever the scores have: PyTorch takes the root "
    "of a whole number in its default dtype. What takes it in Python's own precision?",
    zh="这个平方根只有 float32 的精度，与分数的精度无关：PyTorch 对整数开方时用的是默认 dtype。"
    "怎样按 Python 自己的精度来开方？",
)
wrong("no_scale", attention, divisor=lambda s, d_k: 1.0)(**NO_SCALE)
wrong("scale_by_d", attention, divisor=lambda scores, d_k: d_k)(**SCALE_BY_D)
wrong("scale_by_length", attention, divisor=[_keys, _queries])(**SCALE_BY_LENGTH)
wrong("width_of_axis_one", attention, width=lambda q, v: q.shape[1])(
    en="The width of a key is read from axis 1, which with leading axes is another one. From which "
    "end can axes be counted, however many stand before?",
    zh="key 的宽度取自第 1 个轴；前面有别的轴时，那就不是宽度了。"
    "无论前面有多少个轴，应从哪一端数起？",
)
wrong("scale_by_d_v", attention, width=lambda q, v: v.shape[-1])(
    en="The divisor comes from the width of the values, which take no part in the scores.",
    zh="除数取自 value 的宽度，而 value 并不参与打分。",
)
wrong("multiplied", attention, divisor=lambda scores, d_k: 1 / math.sqrt(d_k))(**MULTIPLIED)
wrong("float32_root", attention, divisor=lambda s, d_k: torch.sqrt(torch.tensor(d_k)))(**FLOAT32)
for _late in (
    lambda output, w, s, q, k, v: (w / _root(q) @ v, w / _root(q)),
    lambda output, w, s, q, k, v: (output / _root(q), w),
):
    wrong("scale_after_softmax", attention, divisor=lambda s, d_k: 1.0, result=_late)(
        en="The weights are scaled after the softmax, so they no longer sum to 1. What should be "
        "scaled, and when?",
        zh="缩放放在了 softmax 之后，权重之和不再是 1。应该缩放的是什么，在哪一步？",
    )


# softmax


def _empty_rows_open(scores, mask):
    """-inf where the mask hides, but in rows that it hides whole zeros, so that none is NaN."""
    return scores.masked_fill(~mask, -math.inf).masked_fill(~mask.any(-1, keepdim=True), 0.0)


def _by_hand(largest=lambda scores, dim: scores.amax(dim, True), more=0.0):
    """A softmax made from its steps; more: added to the denominator."""

    def normalise(scores, dim):
        exponentials = (scores - largest(scores, dim)).exp()
        return exponentials / (exponentials.sum(dim, True) + more)

    return normalise


for _axis in (0, 1, -2):
    AXIS = wrong(
        "wrong_axis", softmax, attention, normalise=lambda s, d, axis=_axis: s.softmax(axis)
    )(
        en="The softmax runs over the wrong axis. Which axis holds one query's scores?",
        zh="softmax 沿错误的轴计算。一个 query 的分数排在哪个轴上？",
    )
wrong("wrong_axis", attention, normalise=lambda s, d: s.softmax(-2), hide=_empty_rows_open)(**AXIS)
wrong("dim_ignored", softmax, normalise=lambda s, d: s.softmax(-1))(
    en="It is always the last axis that is normalised, whatever `dim` says.",
    zh="无论 `dim` 是多少，归一化的总是最后一个轴。",
)
wrong(
    "over_everything", softmax, attention, normalise=lambda s, d: s.ravel().softmax(0).view_as(s)
)(
    en="All the numbers together sum to 1, not those along `dim`. What axis does your sum take?",
    zh="是全部数字之和为 1，而不是沿 `dim` 之和为 1。你的求和是沿哪个轴的？",
)
wrong("no_max", softmax, attention, normalise=lambda s, d: s.exp() / s.exp().sum(d, True))(
    en="Large scores overflow and very small ones vanish: exp(10000) is infinite. Which number can "
    "be taken from every score of a row without changing the ratio?",
    zh="很大的分数会溢出，很小的会变成零：exp(10000) 是无穷大。从一行的每个分数中减去哪个数，"
    "比值不变？",
)
wrong("max_over_everything", softmax, attention, normalise=_by_hand(lambda s, d: s.max()))(
    en="One maximum is taken from all rows alike. In a row that lies far below it every "
    "exponential is 0, and 0/0 is NaN, not a number.",
    zh="所有行减去的是同一个最大值。远低于它的那些行，指数全部变成 0，而 0/0 没有意义。",
)
MAX = wrong("max_wrong_axis", softmax, attention, normalise=_by_hand(lambda s, d: s.amax(0, True)))(
    en="The maximum that is subtracted is not that of the numbers which are summed. It cancels "
    "only where one and the same number is taken from all of them.",
    zh="减去的最大值与求和的数不在同一个轴上。只有从它们每一个中减去同一个数，结果才不变。",
)
wrong("max_wrong_axis", softmax, normalise=_by_hand(lambda s, d: s.amax(-1, True)))(**MAX)
wrong(
    "scores_clamped",
    softmax,
    attention,
    normalise=[lambda s, d, n=n: s.clamp(-n, n).softmax(d) for n in (10, 20, 30, 50, 80, 88, 100)],
)(
    en="Large scores were cut off, so that all beyond the limit are worth the same. A softmax does "
    "not change when the same number is taken from every score: which one keeps them small?",
    zh="过大的分数被截断了，超出界限的分数就分不出大小。"
    "所有分数减去同一个数，softmax 不变：减去哪个数能让它们不大？",
)


def _summed_last(scores, dim):
    powers = (scores - scores.amax(dim, True)).exp()
    return powers / powers.sum(-1, True)


wrong("sum_wrong_axis", softmax, normalise=_summed_last)(
    en="The maximum is taken along `dim`, the sum along the last axis whatever `dim` says.",
    zh="最大值沿 `dim` 取，求和却总是沿最后一个轴。",
)
wrong("not_normalised", softmax, attention, normalise=lambda s, d: (s - s.amax(d, True)).exp())(
    en="These are exponentials that no sum has divided yet: the weights do not sum to 1.",
    zh="这些只是指数，还没有除以它们的和：权重之和不是 1。",
)
wrong("no_exponential", softmax, attention, normalise=lambda s, d: s / s.sum(d, True))(
    en="The scores themselves are divided by their sum: the exponential is missing.",
    zh="是分数本身除以它们的和：缺了指数这一步。",
)
wrong("log_softmax", softmax, attention, normalise=torch.log_softmax)(
    en="These are the logarithms of the weights.",
    zh="这是权重的对数，而不是权重。",
)
for _epsilon in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9):
    wrong("epsilon", softmax, attention, normalise=_by_hand(more=_epsilon))(
        en="A small number was added to the denominator, so the weights sum to a little less than "
        "1. After the largest score is subtracted the sum cannot be 0: nothing needs saving.",
        zh="分母里加了一个很小的数，权重之和略小于 1。减去最大值之后分母不可能为 0，不需要它。",
    )
KEEPDIM = wrong("keepdim", softmax, attention, normalise=_by_hand(lambda s, d: s.amax(d)))(
    en="A maximum or a sum along an axis loses that axis, and what is left is lined up with the "
    "wrong one. What keeps an axis of size 1 in its place?",
    zh="沿某个轴取最大值或求和之后，这个轴就没有了，剩下的会与错误的轴对齐。怎样在原处保留一个大小"
    "为 1 的轴？",
)


def _sum_without_axis(scores, dim):
    exponentials = (scores - scores.amax(dim, True)).exp()
    return exponentials / exponentials.sum(dim)


wrong("keepdim", softmax, attention, normalise=_sum_without_axis)(**KEEPDIM)
wrong("keepdim", softmax, attention, normalise=lambda s, d: s.exp() / s.exp().sum(d))(**KEEPDIM)


def _shifted_above(scores, dim):
    return (scores - scores.amax(dim, True)).exp() / scores.exp().sum(dim, True)


wrong("max_above_only", softmax, attention, normalise=_shifted_above)(
    en="The maximum is subtracted above the line and not below it. It cancels only if both are "
    "made from the same exponentials.",
    zh="最大值只在分子里减去了，分母里没有。只有分子和分母用同样的指数，它才会抵消。",
)
wrong("mean_for_max", softmax, attention, normalise=_by_hand(lambda s, d: s.mean(d, True)))(
    en="The mean is subtracted, and a score far above the mean still overflows. Which number is "
    "none of the scores above?",
    zh="减去的是平均值，远高于平均值的分数仍会溢出。减去哪个数之后，没有分数会大于 0？",
)
wrong(
    "sigmoid_for_exponential",
    softmax,
    normalise=lambda s, d: s.sigmoid() / s.sigmoid().sum(d, True),
)(
    en="Each score went through a sigmoid. Which function does a softmax put its scores through?",
    zh="每个分数都经过了 sigmoid。softmax 让分数经过的是哪个函数？",
)


# weighted_sum


def _hard(weights, v):
    best = torch.nn.functional.one_hot(weights.argmax(-1), weights.shape[-1])
    return best.to(v.dtype) @ v


wrong("transposed_weights", weighted_sum, attention, mix=lambda w, v: w.mT @ v)(
    en="The weights are transposed on their way to the values. Whose row is a row of the weights: "
    "a query's or a key's?",
    zh="权重在与 value 相乘时被转置了。权重的一行属于 query 还是 key？",
)
wrong("sum_over_queries", weighted_sum, attention, mix=lambda w, v: w.sum(-2).unsqueeze(-1) * v)(
    en="The sum runs over the queries. Each query wants its own mix, summed over the keys.",
    zh="求和是沿 query 进行的。每个 query 应该得到自己的混合，沿 key 求和。",
)
wrong(
    "no_axis_for_queries",
    weighted_sum,
    attention,
    mix=lambda w, v: (w.unsqueeze(-1) * v).sum(-2),
)(
    en="The weights have an axis for the queries, and the values, elementwise beside them, have "
    "none: a batch of values is lined up with the queries. Which axis is missing, and where?",
    zh="权重有 query 的轴，与它逐元素相乘的 value 却没有：value 的批次轴就对到了 query 上。"
    "缺的是哪个轴，应在哪里？",
)
MEAN = wrong("mean_not_sum", weighted_sum, attention, mix=lambda w, v: w @ v / v.shape[-2])(
    en="The weighted sum is divided once more, by the number of keys or by the weights' sum. "
    "Whatever the weights sum to is their own affair.",
    zh="加权和又多除了一次（除以 key 的个数或权重之和）。权重之和是多少是权重自己的事。",
)
wrong("hard_attention", weighted_sum, attention, mix=_hard)(
    en="Only the value with the largest weight is taken. The others have a share too.",
    zh="只取了权重最大的那个 value，其余的也应占一份。",
)
wrong("mean_not_sum", weighted_sum, mix=lambda w, v: w @ v / w.sum(-1, keepdim=True))(**MEAN)
wrong("elementwise", weighted_sum, attention, mix=torch.mul)(
    en="Weights and values are multiplied elementwise. A query sums over all the keys: which "
    "product does that?",
    zh="权重和 value 是逐元素相乘的。每个 query 要对所有 key 求和：该用哪种乘法？",
)
wrong("swapped_factors", weighted_sum, attention, mix=lambda w, v: v @ w)(
    en="The factors stand in the wrong order: which axis of the weights is as long as one of the "
    "values', and where must the two meet?",
    zh="两个因子的顺序反了：权重的哪个轴与 value 的哪个轴一样长？它们应在哪里相接？",
)
wrong(
    "fixed_axes",
    weighted_sum,
    mix=[
        lambda w, v: torch.einsum("ij,jd->id", w, v),
        lambda w, v: torch.einsum("bij,bjd->bid", w, v),
        lambda w, v: torch.einsum("bhij,bhjd->bhid", w, v),
        torch.bmm,
        torch.mm,
    ],
)(**FIXED)


# attention: the mask, and what is returned


def _lowest(scores, mask):
    return scores.masked_fill(~mask, torch.finfo(scores.dtype).min)


def _filled(*numbers):
    return [lambda scores, mask, n=n: scores.masked_fill(~mask, n) for n in numbers]


wrong("mask_after_softmax", attention, hide=lambda scores, mask: scores)(
    en="Hidden weights were set to 0 after the softmax, so the rest no longer sum to 1. The hidden "
    "keys must not take part in the division either.",
    zh="softmax 之后才把被遮住的权重设为 0，其余的和不再是 1。被遮住的 key 也不能参与归一化。",
)


def _less_the_largest(scores, mask):
    return (scores - scores.amax(-1, True)).masked_fill(~mask, -math.inf)


def _largest_unless_hidden(scores, dim):
    """Nothing where _less_the_largest took it away."""
    return scores.amax(dim, True).masked_fill(scores.isneginf().any(dim, True), 0.0)


wrong(
    "max_of_hidden",
    attention,
    hide=_less_the_largest,
    normalise=[_by_hand(_largest_unless_hidden, more) for more in (0.0, 1e-300)],
)(
    en="The largest score is looked for among the hidden keys, too. Where theirs is far above the "
    "others, every exponential that counts becomes 0. Of which scores must the maximum be taken?",
    zh="最大值把被遮住的 key 也算进去了。当它远大于其余分数时，真正算数的指数全部变成 0。"
    "最大值应该在哪些分数里取？",
)
wrong("mask_inverted", attention, read=torch.logical_not)(
    en="The mask is the wrong way round: True means that a query *may* attend to a key.",
    zh="掩码用反了：True 表示 query *可以* 看这个 key。",
)
wrong("mask_ignored", attention, hide=lambda scores, mask: scores, zeroed=False)(
    en="The mask has no effect: hidden keys take part like all others.",
    zh="掩码没有起作用：被遮住的 key 和其他 key 一样参与了计算。",
)
wrong("mask_wrong_axis", attention, read=lambda mask: mask.mT)(
    en="The mask is transposed: its rows belong to the queries, its columns to the keys.",
    zh="掩码被转置了：它的行对应 query，列对应 key。",
)
wrong("mask_added", attention, hide=torch.add, zeroed=False)(
    en="The mask was added to the scores as numbers: True counts 1 there, and nothing is hidden.",
    zh="掩码被当作数字加到了分数上：True 只是加 1，什么也没有遮住。",
)
FILLS = _filled(0.0, 1e-9, 1e-8, 1e-6)
wrong("fill_zero", attention, hide=FILLS, zeroed=[False, "empty"])(
    en="A hidden score was replaced by (almost) 0, and e⁰ is 1: such a key still takes part. What "
    "must a score be so that its exponential is 0?",
    zh="被遮住的分数换成了（几乎）0，而 e⁰ = 1，这个 key 仍然有份。分数应为多少，它的指数才是 0？",
)


def _lowered(*numbers):
    return [lambda scores, mask, n=n: scores + (~mask).to(scores.dtype) * n for n in numbers]


FILLS = [*_filled(-1e1, -1e2, -1e3, -1e4), *_lowered(-1e2, -1e3, -1e4)]
wrong("fill_too_small", attention, hide=FILLS, zeroed=[True, False, "empty"])(
    en="Hidden scores got a fixed negative number, and real scores can lie below it: at logits "
    "around -3000 the hidden keys win. What is below every score?",
    zh="被遮住的分数换成了一个固定的负数，而真实分数可能比它更低：在 -3000 附近，"
    "被遮住的 key 反而胜出。什么数比任何分数都低？",
)
wrong(
    "empty_row_uniform",
    attention,
    hide=[
        _lowest,
        *_filled(-1e9, -1e10, -1e12, -1e20, -1e30),
        *_lowered(-1e4, -1e9),
    ],
    zeroed=False,
)(
    en="A query that may attend to nothing shares its weight among all the hidden keys. Its "
    "weights and its output should be zero.",
    zh="什么都不能看的 query 把权重分给了所有被遮住的 key。它的权重和输出都应为零。",
)
wrong("empty_row_nan", attention, zeroed=False)(
    en="A query that may attend to nothing gets weights that are no zeros (NaN where 0 is divided "
    "by 0). Its weights and its output should be zero.",
    zh="什么都不能看的 query 得到的权重不是零（0/0 时是 NaN）。它的权重和输出都应为零。",
)


def _indexed(number):
    def hide(scores, mask):
        scores = scores.clone()
        scores[~mask] = number
        return scores

    return hide


wrong("mask_not_broadcast", attention, hide=[_indexed(-math.inf), _indexed(-1e9)])(
    en="An index such as `scores[~mask]` wants a mask of the very shape of the scores. This one "
    "may lack the leading axes: what broadcasts?",
    zh="`scores[~mask]` 这样的下标要求掩码与分数形状完全相同，而掩码可能没有前面的轴：什么写法会广"
    "播？",
)
wrong("mask_half_applied", attention, result=lambda o, w, s, q, k, v: (o, attention(q, k, v)[1]))(
    en="Output and weights do not belong together: only one of them knows of the mask.",
    zh="输出和权重对不上：只有其中一个用到了掩码。",
)
wrong("results_swapped", attention, result=lambda o, w, s, q, k, v: (w, o))(
    en="The results come in the wrong order: the output is first, then the weights.",
    zh="返回的顺序反了：先是输出，再是权重。",
)
wrong("weights_missing", attention, result=lambda o, w, s, q, k, v: o)(
    en="The output is there, the weights are not: two things are asked for.",
    zh="只返回了输出，没有返回权重：要求的是两样。",
)
RETURNED = wrong(
    "scores_returned", attention, result=lambda o, w, s, q, k, v: (o, q @ k.mT / _root(q))
)(
    en="The second result holds scores, not weights: they have not been through the softmax.",
    zh="第二个返回值是分数而不是权重：还没有经过 softmax。",
)
wrong(
    "scores_returned",
    attention,
    hide=[*_filled(-math.inf, -1e9), _lowest, _empty_rows_open],
    result=lambda o, w, s, q, k, v: (o, s),
)(**RETURNED)

# made so often that one program may make two
COMMON = """
no_transpose swapped_qk no_scale scale_by_d scale_by_d_v wrong_axis no_max transposed_weights
mask_inverted mask_ignored mask_not_broadcast empty_row_uniform empty_row_nan results_swapped
weights_missing
""".split()
