"""Known mistakes of the unit `attention`: one wrong part each, alone and in the whole pipeline."""

import math

import torch

from autograder.mistakes.entry import mistake


def _score(q, k):
    return q @ k.mT


def _root(q, k, v):
    return math.sqrt(q.shape[-1])


def _hide(scores, mask):
    return scores.masked_fill(~mask, -math.inf)


def _zero(weights, mask):
    return weights.masked_fill(~mask, 0.0)  # NaN too, in a row that is hidden whole


def _attention(
    q,
    k,
    v,
    mask=None,
    *,
    score=_score,
    divisor=_root,
    softmax=torch.softmax,
    hide=_hide,
    finish=_zero,
    mix=torch.matmul,
):
    """Attention from parts, any of which may be a wrong one."""
    scores = score(q, k) / divisor(q, k, v)
    weights = softmax(scores if mask is None else hide(scores, mask), -1)
    weights = weights if mask is None else finish(weights, mask)
    return mix(weights, v), weights


def _in_attention(id, *, en, zh, **parts):  # noqa: A002
    """Register the pipeline with wrong parts."""

    @mistake("attention", id, en=en, zh=zh)
    def attention(q, k, v, mask=None):
        return _attention(q, k, v, mask, **parts)


def _in_softmax(id, wrong, *, en, zh):  # noqa: A002
    """Register a wrong softmax, alone and in the pipeline."""

    @mistake("softmax", id, en=en, zh=zh)
    def softmax(scores, dim=-1):
        return wrong(scores, dim)

    _in_attention(id, en=en, zh=zh, softmax=wrong)


# score

SWAPPED = {
    "en": "Queries and keys have changed places: rows belong to the queries, columns to the keys.",
    "zh": "query 和 key 的位置颠倒了：行应对应 query，列应对应 key。",
}
TRANSPOSE = {
    "en": "Which axes does your transpose exchange? Only the last two belong to one sentence, and "
    "a transpose that is missing or that moves the batch axis pairs the wrong numbers.",
    "zh": "你的转置交换了哪些轴？只有最后两个轴属于同一个句子；"
    "漏掉转置或移动了批次轴，都会配错数字。",
}
SCALED_TWICE = {
    "en": "The scores are scaled more than once, or scaled where plain dot products are asked for.",
    "zh": "分数被缩放了不止一次，或者在只要求点积的地方就已经缩放了。",
}


def _score_untransposed(q, k):
    return q @ k


def _score_reversed_axes(q, k):
    return q @ k.permute(*reversed(range(k.dim())))


def _score_swapped(q, k):
    return k @ q.mT


def _score_scaled(q, k):
    return _score(q, k) / math.sqrt(q.shape[-1])


for _id, _help, _wrong in [
    ("no_transpose", TRANSPOSE, _score_untransposed),
    ("no_transpose", TRANSPOSE, _score_reversed_axes),
    ("swapped_qk", SWAPPED, _score_swapped),
    ("scaled_twice", SCALED_TWICE, _score_scaled),
]:
    mistake("score", _id, **_help)(_wrong)
    _in_attention(_id, **_help, score=_wrong)


# scale

NO_SCALE = {
    "en": "The scores are not divided at all. Their spread grows with the width of a key.",
    "zh": "分数根本没有被缩放。key 越宽，分数的波动就越大。",
}
SCALE_BY_D = {
    "en": "The scores are divided by the width itself. How does the spread of a dot product grow: "
    "with the width, or more slowly?",
    "zh": "分数除以了宽度本身。点积的波动是随宽度同样快地增长，还是更慢？",
}
SCALE_BY_LENGTH = {
    "en": "The divisor comes from the length of the sentence. It should come from the width of a "
    "key: a longer sentence does not make a dot product larger.",
    "zh": "除数取自句子的长度，而它应取自 key 的宽度：句子变长不会使点积变大。",
}


@mistake("scale", "no_scale", **NO_SCALE)
def scale_not_at_all(scores, d_k):
    return scores * 1.0


@mistake("scale", "scale_by_d", **SCALE_BY_D)
def scale_by_d(scores, d_k):
    return scores / d_k


@mistake("scale", "scale_by_length", **SCALE_BY_LENGTH)
def scale_by_keys(scores, d_k):
    return scores / math.sqrt(scores.shape[-1])


@mistake("scale", "scale_by_length", **SCALE_BY_LENGTH)
def scale_by_queries(scores, d_k):
    return scores / math.sqrt(scores.shape[-2])


@mistake(
    "scale",
    "multiplied",
    en="The scores grow where they should shrink: multiplied in place of divided.",
    zh="分数本该变小却变大了：应该除的地方用了乘。",
)
def scale_multiplied(scores, d_k):
    return scores * math.sqrt(d_k)


@mistake(
    "scale",
    "rounded_root",
    en="The root was cut to an integer on the way.",
    zh="平方根在中途被截成了整数。",
)
def scale_rounded(scores, d_k):
    return scores / math.isqrt(d_k)


FLOAT32_ROOT = {
    "en": "The root has the digits of float32 only, whatever the scores have: PyTorch takes the "
    "root of a whole number in its default dtype. What takes it in Python's own precision?",
    "zh": "这个平方根只有 float32 的精度，与分数的精度无关：PyTorch 对整数开方时用的是默认 dtype。"
    "怎样按 Python 自己的精度来开方？",
}


@mistake("scale", "float32_root", **FLOAT32_ROOT)
def scale_float32_root(scores, d_k):
    return scores / torch.sqrt(torch.tensor(d_k))


_in_attention("no_scale", **NO_SCALE, divisor=lambda q, k, v: 1.0)
_in_attention("scale_by_d", **SCALE_BY_D, divisor=lambda q, k, v: q.shape[-1])
_in_attention("scale_by_length", **SCALE_BY_LENGTH, divisor=lambda q, k, v: math.sqrt(k.shape[-2]))
_in_attention("scale_by_length", **SCALE_BY_LENGTH, divisor=lambda q, k, v: math.sqrt(q.shape[-2]))
_in_attention(
    "scale_by_d_v",
    en="The divisor comes from the width of the values, which take no part in the scores.",
    zh="除数取自 value 的宽度，而 value 并不参与打分。",
    divisor=lambda q, k, v: math.sqrt(v.shape[-1]),
)
_in_attention(
    "multiplied",
    en="The scores grow where they should shrink: multiplied in place of divided.",
    zh="分数本该变小却变大了：应该除的地方用了乘。",
    divisor=lambda q, k, v: 1 / math.sqrt(q.shape[-1]),
)
_in_attention(
    "float32_root",
    **FLOAT32_ROOT,
    divisor=lambda q, k, v: torch.sqrt(torch.tensor(q.shape[-1])),
)

SCALE_AFTER_SOFTMAX = {
    "en": "The weights are scaled after the softmax, so they no longer sum to 1. What should be "
    "scaled, and when?",
    "zh": "缩放放在了 softmax 之后，权重之和不再是 1。应该缩放的是什么，在哪一步？",
}


@mistake("attention", "scale_after_softmax", **SCALE_AFTER_SOFTMAX)
def attention_scaled_weights(q, k, v, mask=None):
    _, weights = _attention(q, k, v, mask, divisor=lambda q, k, v: 1.0)
    weights = weights / math.sqrt(q.shape[-1])
    return weights @ v, weights


@mistake("attention", "scale_after_softmax", **SCALE_AFTER_SOFTMAX)
def attention_scaled_output(q, k, v, mask=None):
    output, weights = _attention(q, k, v, mask, divisor=lambda q, k, v: 1.0)
    return output / math.sqrt(q.shape[-1]), weights


# softmax

WRONG_AXIS = {
    "en": "The softmax runs over the wrong axis. Which axis holds one query's scores?",
    "zh": "softmax 沿错误的轴计算。一个 query 的分数排在哪个轴上？",
}
MAX_WRONG_AXIS = {
    "en": "The maximum that is subtracted is not that of the numbers which are summed. It cancels "
    "only where one and the same number is taken from all of them.",
    "zh": "减去的最大值与求和的数不在同一个轴上。只有从它们每一个中减去同一个数，结果才不变。",
}


def _exponentials(scores, dim):
    return (scores - scores.amax(dim, keepdim=True)).exp()


def _first_axis(scores, dim):
    return torch.softmax(scores, 0)


def _second_axis(scores, dim):
    return torch.softmax(scores, 1)


def _axis_before_the_last(scores, dim):
    return torch.softmax(scores, -2)


def _over_everything(scores, dim):
    return torch.softmax(scores.flatten(), 0).view_as(scores)


def _no_max(scores, dim):
    return scores.exp() / scores.exp().sum(dim, keepdim=True)


def _max_over_everything(scores, dim):
    exponentials = (scores - scores.max()).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def _max_of_first_axis(scores, dim):
    exponentials = _exponentials(scores, 0)
    return exponentials / exponentials.sum(dim, keepdim=True)


def _max_of_last_axis(scores, dim=-1):
    exponentials = _exponentials(scores, -1)
    return exponentials / exponentials.sum(dim, keepdim=True)


def _not_normalised(scores, dim):
    return _exponentials(scores, dim)


def _no_exponential(scores, dim):
    return scores / scores.sum(dim, keepdim=True)


for _wrong in (_first_axis, _second_axis, _axis_before_the_last):
    _in_softmax("wrong_axis", _wrong, **WRONG_AXIS)


@mistake(
    "softmax",
    "dim_ignored",
    en="It is always the last axis that is normalised, whatever `dim` says.",
    zh="无论 `dim` 是多少，归一化的总是最后一个轴。",
)
def softmax_dim_ignored(scores, dim=-1):
    return torch.softmax(scores, -1)


_in_softmax(
    "over_everything",
    _over_everything,
    en="All the numbers together sum to 1, not those along `dim`. What axis does your sum take?",
    zh="是全部数字之和为 1，而不是沿 `dim` 之和为 1。你的求和是沿哪个轴的？",
)
_in_softmax(
    "no_max",
    _no_max,
    en="Large scores overflow and very small ones vanish: exp(10000) is infinite. Which number can "
    "be taken from every score of a row without changing the ratio?",
    zh="很大的分数会溢出，很小的会变成零：exp(10000) 是无穷大。"
    "从一行的每个分数中减去哪个数，比值不变？",
)
_in_softmax(
    "max_over_everything",
    _max_over_everything,
    en="One maximum is taken from all rows alike. In a row that lies far below it every "
    "exponential is 0, and 0/0 is no number.",
    zh="所有行减去的是同一个最大值。远低于它的那些行，指数全部变成 0，而 0/0 没有意义。",
)
_in_softmax("max_wrong_axis", _max_of_first_axis, **MAX_WRONG_AXIS)
mistake("softmax", "max_wrong_axis", **MAX_WRONG_AXIS)(_max_of_last_axis)
_in_softmax(
    "not_normalised",
    _not_normalised,
    en="These are exponentials that no sum has divided yet: the weights do not sum to 1.",
    zh="这些只是指数，还没有除以它们的和：权重之和不是 1。",
)
_in_softmax(
    "no_exponential",
    _no_exponential,
    en="The scores themselves are divided by their sum: the exponential is missing.",
    zh="是分数本身除以它们的和：缺了指数这一步。",
)
_in_softmax(
    "log_softmax",
    torch.log_softmax,
    en="These are the logarithms of the weights.",
    zh="这是权重的对数，而不是权重。",
)

EPSILON = {
    "en": "A small number was added to the denominator, so the weights sum to a little less than "
    "1. After the largest score is subtracted the sum cannot be 0: nothing needs saving.",
    "zh": "分母里加了一个很小的数，权重之和略小于 1。减去最大值之后分母不可能为 0，不需要它。",
}


def _epsilon(epsilon):
    def softmax(scores, dim):
        exponentials = _exponentials(scores, dim)
        return exponentials / (exponentials.sum(dim, keepdim=True) + epsilon)

    return softmax


for _size in (1e-5, 1e-6, 1e-7, 1e-8, 1e-9):
    _in_softmax("epsilon", _epsilon(_size), **EPSILON)


# weighted_sum

TRANSPOSED_WEIGHTS = {
    "en": "The weights are transposed on their way to the values. Whose row is a row of the "
    "weights: a query's or a key's?",
    "zh": "权重在与 value 相乘时被转置了。权重的一行属于 query 还是 key？",
}
SUM_OVER_QUERIES = {
    "en": "The sum runs over the queries. Each query wants its own mix, summed over the keys.",
    "zh": "求和是沿 query 进行的。每个 query 应该得到自己的混合，沿 key 求和。",
}
MEAN = {
    "en": "The weighted sum is divided once more, by the number of keys or by the weights' sum. "
    "Whatever the weights sum to is their own affair.",
    "zh": "加权和又多除了一次（除以 key 的个数或权重之和）。权重之和是多少是权重自己的事。",
}
HARD = {
    "en": "Only the value with the largest weight is taken. The others have a share too.",
    "zh": "只取了权重最大的那个 value，其余的也应占一份。",
}


def _transposed_weights(weights, v):
    return weights.mT @ v


def _sum_over_queries(weights, v):
    return weights.sum(-2).unsqueeze(-1) * v


def _mean(weights, v):
    return weights @ v / v.shape[-2]


def _normalised_again(weights, v):
    return weights @ v / weights.sum(-1, keepdim=True)


def _hard(weights, v):
    best = torch.nn.functional.one_hot(weights.argmax(-1), weights.shape[-1])
    return best.to(v.dtype) @ v


for _id, _help, _wrong in [
    ("transposed_weights", TRANSPOSED_WEIGHTS, _transposed_weights),
    ("sum_over_queries", SUM_OVER_QUERIES, _sum_over_queries),
    ("mean_not_sum", MEAN, _mean),
    ("hard_attention", HARD, _hard),
]:
    mistake("weighted_sum", _id, **_help)(_wrong)
    _in_attention(_id, **_help, mix=_wrong)
mistake("weighted_sum", "mean_not_sum", **MEAN)(_normalised_again)


# attention: the mask, and what is returned

FILL_ZERO = {
    "en": "A hidden score was replaced by (almost) 0, and e⁰ is 1: such a key still takes part. "
    "What must a score be so that its exponential is 0?",
    "zh": "被遮住的分数换成了（几乎）0，而 e⁰ = 1，这个 key 仍然有份。"
    "分数应为多少，它的指数才是 0？",
}
FILL_TOO_SMALL = {
    "en": "Hidden scores got a fixed negative number, and real scores can lie below it: at logits "
    "around -3000 the hidden keys win. What is below every score?",
    "zh": "被遮住的分数换成了一个固定的负数，而真实分数可能比它更低：在 -3000 附近，"
    "被遮住的 key 反而胜出。什么数比任何分数都低？",
}
EMPTY_ROW_UNIFORM = {
    "en": "A query that may attend to nothing shares its weight among all the hidden keys. Its "
    "weights and its output should be zero.",
    "zh": "什么都不能看的 query 把权重平分给了所有被遮住的 key。它的权重和输出都应为零。",
}


_in_attention(
    "mask_after_softmax",
    en="Hidden weights were set to 0 after the softmax, so the rest no longer sum to 1. The hidden "
    "keys must not take part in the division either.",
    zh="softmax 之后才把被遮住的权重设为 0，其余的和不再是 1。被遮住的 key 也不能参与归一化。",
    hide=lambda scores, mask: scores,
)
_in_attention(
    "mask_inverted",
    en="The mask is the wrong way round: True means that a query *may* attend to a key.",
    zh="掩码用反了：True 表示 query *可以* 看这个 key。",
    hide=lambda scores, mask: scores.masked_fill(mask, -math.inf),
    finish=lambda weights, mask: weights.masked_fill(mask, 0.0),
)
_in_attention(
    "mask_ignored",
    en="The mask has no effect: hidden keys take part like all others.",
    zh="掩码没有起作用：被遮住的 key 和其他 key 一样参与了计算。",
    hide=lambda scores, mask: scores,
    finish=lambda weights, mask: weights,
)
_in_attention(
    "mask_wrong_axis",
    en="The mask is transposed: its rows belong to the queries, its columns to the keys.",
    zh="掩码被转置了：它的行对应 query，列对应 key。",
    hide=lambda scores, mask: _hide(scores, mask.mT),
    finish=lambda weights, mask: _zero(weights, mask.mT),
)
_in_attention(
    "mask_added",
    en="The mask was added to the scores as numbers: True counts 1 there, and nothing is hidden.",
    zh="掩码被当作数字加到了分数上：True 只是加 1，什么也没有遮住。",
    hide=lambda scores, mask: scores + mask,
    finish=lambda weights, mask: weights,
)
for _fill in (0.0, 1e-9, 1e-8, 1e-6):
    _in_attention(
        "fill_zero",
        **FILL_ZERO,
        hide=lambda scores, mask, fill=_fill: scores.masked_fill(~mask, fill),
        finish=lambda weights, mask: weights,
    )
for _fill in (-1e1, -1e2, -1e3):
    for _finish in (_zero, lambda weights, mask: weights):
        _in_attention(
            "fill_too_small",
            **FILL_TOO_SMALL,
            hide=lambda scores, mask, fill=_fill: scores.masked_fill(~mask, fill),
            finish=_finish,
        )
_in_attention(
    "empty_row_uniform",
    **EMPTY_ROW_UNIFORM,
    hide=lambda scores, mask: scores.masked_fill(~mask, torch.finfo(scores.dtype).min),
    finish=lambda weights, mask: weights,
)
_in_attention(
    "empty_row_nan",
    en="A query that may attend to nothing gives NaN (0/0). Its weights and its output should be "
    "zero.",
    zh="什么都不能看的 query 得到了 NaN（0/0）。它的权重和输出都应为零。",
    finish=lambda weights, mask: weights,
)


@mistake(
    "attention",
    "mask_half_applied",
    en="Output and weights do not belong together: only one of them knows of the mask.",
    zh="输出和权重对不上：只有其中一个用到了掩码。",
)
def attention_unmasked_weights(q, k, v, mask=None):
    output, _ = _attention(q, k, v, mask)
    return output, _attention(q, k, v)[1]


@mistake(
    "attention",
    "results_swapped",
    en="The results come in the wrong order: the output is first, then the weights.",
    zh="返回的顺序反了：先是输出，再是权重。",
)
def attention_results_swapped(q, k, v, mask=None):
    return _attention(q, k, v, mask)[::-1]


@mistake(
    "attention",
    "weights_missing",
    en="The output is there, the weights are not: two things are asked for.",
    zh="只返回了输出，没有返回权重：要求的是两样。",
)
def attention_output_only(q, k, v, mask=None):
    return _attention(q, k, v, mask)[0]


@mistake(
    "attention",
    "scores_returned",
    en="The second result holds scores, not weights: they have not been through the softmax.",
    zh="第二个返回值是分数而不是权重：还没有经过 softmax。",
)
def attention_scores_returned(q, k, v, mask=None):
    output, _ = _attention(q, k, v, mask)
    return output, _score(q, k) / _root(q, k, v)
