"""Known mistakes of the unit `self_attention`: wrong parts, in one head and in several."""

import math

import torch

from autograder.mistakes.entry import mistake


def _project(x, w_q, w_k, w_v):
    return x @ w_q, x @ w_k, x @ w_v


def _past(length, device=None):
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


def _score(q, k):
    return q @ k.mT


def _root(x, q, v):
    return math.sqrt(q.shape[-1])


def _hide(scores, mask):
    return scores.masked_fill(~mask, -math.inf)


def _zero(weights, mask):
    return weights.masked_fill(~mask, 0.0)


def _split(y, heads):
    """(N, T, heads·d) -> (N, heads, T, d)."""
    return y.unflatten(-1, (heads, -1)).transpose(1, 2)


def _join(y):
    """(N, heads, T, d) -> (N, T, heads·d)."""
    return y.transpose(1, 2).flatten(2)


def _attend(
    x,
    q,
    k,
    v,
    causal,
    *,
    mask=_past,
    score=_score,
    divisor=_root,
    softmax=torch.softmax,
    hide=_hide,
    finish=_zero,
    mix=torch.matmul,
):
    """The output of attention from parts, any of which may be a wrong one."""
    scores = score(q, k) / divisor(x, q, v)
    if not causal:
        return mix(softmax(scores, -1), v)
    allowed = mask(x.shape[1], x.device)
    return mix(finish(softmax(hide(scores, allowed), -1), allowed), v)


def _self_attention(x, w_q, w_k, w_v, causal=False, *, project=_project, **parts):
    return _attend(x, *project(x, w_q, w_k, w_v), causal, **parts)


def _multi_head(
    x,
    w_q,
    w_k,
    w_v,
    w_o,
    heads,
    causal=False,
    *,
    project=_project,
    split=_split,
    join=_join,
    **parts,
):
    q, k, v = (split(y, heads) for y in project(x, w_q, w_k, w_v))
    return join(_attend(x, q, k, v, causal, **parts)) @ w_o


def _in_heads(id, *, en, zh, **parts):  # noqa: A002
    """Register the pipeline with wrong parts, for several heads."""

    @mistake("multi_head_self_attention", id, en=en, zh=zh)
    def multi_head(x, w_q, w_k, w_v, w_o, heads, causal=False):
        return _multi_head(x, w_q, w_k, w_v, w_o, heads, causal, **parts)


def _in_both(id, *, en, zh, **parts):  # noqa: A002
    """Register the pipeline with wrong parts, for one head and for several."""

    @mistake("self_attention", id, en=en, zh=zh)
    def self_attention(x, w_q, w_k, w_v, causal=False):
        return _self_attention(x, w_q, w_k, w_v, causal, **parts)

    _in_heads(id, en=en, zh=zh, **parts)


# project

ONE_PROJECTION = {
    "en": "Two of q, k and v come from the same matrix: each of the three has its own.",
    "zh": "q、k、v 中有两个来自同一个矩阵：三者应各有自己的矩阵。",
}
SWAPPED = {
    "en": "Queries and keys have changed places: who asks, and who is asked?",
    "zh": "query 和 key 的位置颠倒了：谁在提问，谁被提问？",
}
NO_PROJECTION = {
    "en": "The words themselves took the place of a projection: x is first multiplied by w_v too.",
    "zh": "直接用了词本身而没有投影：x 也要先乘以 w_v。",
}
TRANSPOSED_PROJECTION = {
    "en": "The matrices are transposed. Words are rows: (N, T, D) meets (D, d).",
    "zh": "矩阵被转置了。词是行向量：(N, T, D) 乘以 (D, d)。",
}
V_FROM_K = {
    "en": "Queries, keys and values came in another order than the one asked for.",
    "zh": "query、key、value 的顺序与要求的不同。",
}


def _all_queries(x, w_q, w_k, w_v):
    return x @ w_q, x @ w_q, x @ w_q


def _keys_are_queries(x, w_q, w_k, w_v):
    return x @ w_q, x @ w_q, x @ w_v


def _queries_are_keys(x, w_q, w_k, w_v):
    return x @ w_k, x @ w_k, x @ w_v


def _values_are_keys(x, w_q, w_k, w_v):
    return x @ w_q, x @ w_k, x @ w_k


def _swapped(x, w_q, w_k, w_v):
    return x @ w_k, x @ w_q, x @ w_v


def _keys_and_values_swapped(x, w_q, w_k, w_v):
    return x @ w_q, x @ w_v, x @ w_k


def _values_are_words(x, w_q, w_k, w_v):
    return x @ w_q, x @ w_k, x.clone()


def _transposed_projection(x, w_q, w_k, w_v):
    return x @ w_q.mT, x @ w_k.mT, x @ w_v.mT


for _id, _help, _wrong in [
    ("one_projection", ONE_PROJECTION, _all_queries),
    ("one_projection", ONE_PROJECTION, _keys_are_queries),
    ("one_projection", ONE_PROJECTION, _queries_are_keys),
    ("one_projection", ONE_PROJECTION, _values_are_keys),
    ("swapped_qk", SWAPPED, _swapped),
    ("wrong_order", V_FROM_K, _keys_and_values_swapped),
    ("no_projection", NO_PROJECTION, _values_are_words),
    ("transposed_projection", TRANSPOSED_PROJECTION, _transposed_projection),
]:
    mistake("project", _id, **_help)(_wrong)
    _in_both(_id, **_help, project=_wrong)


# causal_mask

DIAGONAL_MASKED = {
    "en": "The diagonal is hidden: a word may not see itself, and the first one sees nothing.",
    "zh": "对角线被遮住了：词看不到自己，第一个词什么也看不到。",
}
CAUSAL_SHIFTED = {
    "en": "The mask is shifted by one: every word still sees the one that follows it.",
    "zh": "掩码错开了一位：每个词还能看到它后面的那个词。",
}
CAUSAL_TRANSPOSED = {
    "en": "Rows and columns have changed places: each word sees the future and not the past.",
    "zh": "行和列颠倒了：每个词看到的是未来而不是过去。",
}
MASK_INVERTED = {
    "en": "The mask is the wrong way round: True means that a word *may* attend to another.",
    "zh": "掩码用反了：True 表示 *可以* 看。",
}


def _strictly_past(length, device=None):
    return _past(length, device).tril(-1)


def _one_ahead(length, device=None):
    return torch.ones(length, length, dtype=torch.bool, device=device).tril(1)


def _future(length, device=None):
    return _past(length, device).mT.contiguous()


def _hidden(length, device=None):
    return ~_past(length, device)


for _id, _help, _wrong in [
    ("diagonal_masked", DIAGONAL_MASKED, _strictly_past),
    ("causal_shifted", CAUSAL_SHIFTED, _one_ahead),
    ("causal_transposed", CAUSAL_TRANSPOSED, _future),
    ("mask_inverted", MASK_INVERTED, _hidden),
]:
    mistake("causal_mask", _id, **_help)(_wrong)
    for _finish in (_zero, lambda weights, mask: weights):  # a row without any: zeros, or NaN
        _in_both(_id, **_help, mask=_wrong, finish=_finish)


@mistake(
    "causal_mask",
    "mask_of_ones",
    en="The mask hides nothing.",
    zh="掩码什么也没有遮住。",
)
def mask_of_ones(length, device=None):
    return torch.ones(length, length, dtype=torch.bool, device=device)


_in_both(
    "causal_ignored",
    en="`causal` has no effect: every word still sees the future.",
    zh="`causal` 没有起作用：每个词仍能看到未来。",
    mask=mask_of_ones,
)

CAUSAL_ALWAYS = {
    "en": "The future is hidden even where nobody asked for it: look at the default of `causal`.",
    "zh": "没有要求时也遮住了未来：看看 `causal` 的默认值和判断。",
}


@mistake("self_attention", "causal_always", **CAUSAL_ALWAYS)
def self_attention_always_causal(x, w_q, w_k, w_v, causal=False):
    return _self_attention(x, w_q, w_k, w_v, True)


@mistake("multi_head_self_attention", "causal_always", **CAUSAL_ALWAYS)
def multi_head_always_causal(x, w_q, w_k, w_v, w_o, heads, causal=False):
    return _multi_head(x, w_q, w_k, w_v, w_o, heads, True)


# scores and their scale

_in_both(
    "no_scale",
    en="The scores are not divided at all. Their spread grows with the width of a key.",
    zh="分数根本没有被缩放。key 越宽，分数的波动就越大。",
    divisor=lambda x, q, v: 1.0,
)
_in_both(
    "scale_by_d",
    en="The scores are divided by the width itself. How does the spread of a dot product grow: "
    "with the width, or more slowly?",
    zh="分数除以了宽度本身。点积的波动是随宽度同样快地增长，还是更慢？",
    divisor=lambda x, q, v: q.shape[-1],
)
_in_both(
    "scale_by_length",
    en="The divisor comes from the length of the sentence. It should come from the width of a key.",
    zh="除数取自句子的长度，而它应取自 key 的宽度。",
    divisor=lambda x, q, v: math.sqrt(x.shape[1]),
)
_in_both(
    "scale_by_d_v",
    en="The divisor comes from the width of the values, which take no part in the scores.",
    zh="除数取自 value 的宽度，而 value 并不参与打分。",
    divisor=lambda x, q, v: math.sqrt(v.shape[-1]),
)
SCALE_BY_MODEL = {
    "en": "The divisor comes from the width of the whole model. A dot product runs over the width "
    "of one head's key: only that counts.",
    "zh": "除数取自整个模型的宽度。点积只在一个头的 key 宽度上求和，只有它才算数。",
}
_in_both("scale_by_model", **SCALE_BY_MODEL, divisor=lambda x, q, v: math.sqrt(x.shape[-1]))
_in_heads(
    "scale_by_model",
    **SCALE_BY_MODEL,
    divisor=lambda x, q, v: math.sqrt(q.shape[1] * q.shape[-1]),
)
_in_both(
    "multiplied",
    en="The scores grow where they should shrink: multiplied in place of divided.",
    zh="分数本该变小却变大了：应该除的地方用了乘。",
    divisor=lambda x, q, v: 1 / math.sqrt(q.shape[-1]),
)
_in_both(
    "float32_root",
    en="The root has the digits of float32 only, whatever the scores have: PyTorch takes the root "
    "of a whole number in its default dtype. What takes it in Python's own precision?",
    zh="这个平方根只有 float32 的精度，与分数的精度无关：PyTorch 对整数开方时用的是默认 dtype。"
    "怎样按 Python 自己的精度来开方？",
    divisor=lambda x, q, v: torch.sqrt(torch.tensor(q.shape[-1])),
)
_in_both(
    "scaled_twice",
    en="The scores are scaled more than once: your `attention` does it already.",
    zh="分数被缩放了不止一次：你的 `attention` 已经缩放过了。",
    score=lambda q, k: q @ k.mT / math.sqrt(q.shape[-1]),
)
_in_both(
    "scale_after_softmax",
    en="The weights are scaled after the softmax, so they no longer sum to 1. What should be "
    "scaled, and when?",
    zh="缩放放在了 softmax 之后，权重之和不再是 1。应该缩放的是什么，在哪一步？",
    score=lambda q, k: q @ k.mT * math.sqrt(q.shape[-1]),
    mix=lambda weights, v: weights @ v / math.sqrt(v.shape[-1]),
)
_in_both(
    "swapped_qk",
    **SWAPPED,
    score=lambda q, k: k @ q.mT,
)


# softmax


def _exponentials(scores, dim):
    return (scores - scores.amax(dim, keepdim=True)).exp()


def _no_max(scores, dim):
    return scores.exp() / scores.exp().sum(dim, keepdim=True)


def _max_over_everything(scores, dim):
    exponentials = (scores - scores.max()).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


for _axis in (-2, 0, 1):
    _in_both(
        "wrong_axis",
        en="The softmax runs over the wrong axis. Which axis holds one query's scores?",
        zh="softmax 沿错误的轴计算。一个 query 的分数排在哪个轴上？",
        softmax=lambda scores, dim, axis=_axis: torch.softmax(scores, axis),
    )
_in_both(
    "over_everything",
    en="All the weights together sum to 1, not those of each query.",
    zh="是全部权重之和为 1，而不是每个 query 的权重之和为 1。",
    softmax=lambda scores, dim: torch.softmax(scores.flatten(), 0).view_as(scores),
)
_in_both(
    "no_max",
    en="Large scores overflow and very small ones vanish. Which number can be taken from every "
    "score of a row without changing the ratio?",
    zh="很大的分数会溢出，很小的会变成零。从一行的每个分数中减去哪个数，比值不变？",
    softmax=_no_max,
)
_in_both(
    "max_over_everything",
    en="One maximum is taken from all rows alike. In a row that lies far below it every "
    "exponential is 0, and 0/0 is no number.",
    zh="所有行减去的是同一个最大值。远低于它的那些行，指数全部变成 0，而 0/0 没有意义。",
    softmax=_max_over_everything,
)
_in_both(
    "not_normalised",
    en="The exponentials are not divided by their sum: the weights do not sum to 1.",
    zh="指数没有除以它们的和：权重之和不是 1。",
    softmax=_exponentials,
)
_in_both(
    "no_exponential",
    en="The scores themselves take the place of weights: the softmax is missing.",
    zh="直接用分数当权重：缺少 softmax。",
    softmax=lambda scores, dim: scores,
)
for _size in (1e-5, 1e-6, 1e-7, 1e-8):
    _in_both(
        "epsilon",
        en="A small number was added to a denominator, so the weights sum to a little less than 1.",
        zh="分母里加了一个很小的数，权重之和略小于 1。",
        softmax=lambda scores, dim, epsilon=_size: (
            _exponentials(scores, dim)
            / (_exponentials(scores, dim).sum(dim, keepdim=True) + epsilon)
        ),
    )


# the mask in the scores, and the weighted sum

_in_both(
    "mask_after_softmax",
    en="Hidden weights were set to 0 after the softmax, so the rest no longer sum to 1. The hidden "
    "words must not take part in the division either.",
    zh="softmax 之后才把被遮住的权重设为 0，其余的和不再是 1。被遮住的词也不能参与归一化。",
    hide=lambda scores, mask: scores,
)
for _fill in (0.0, 1e-9, 1e-8, 1e-6):
    _in_both(
        "fill_zero",
        en="A hidden score was replaced by (almost) 0, and e⁰ is 1: such a word still takes part.",
        zh="被遮住的分数换成了（几乎）0，而 e⁰ = 1，这个词仍然有份。",
        hide=lambda scores, mask, fill=_fill: scores.masked_fill(~mask, fill),
        finish=lambda weights, mask: weights,
    )
for _fill in (-1e1, -1e2, -1e3):
    for _finish in (_zero, lambda weights, mask: weights):
        _in_both(
            "fill_too_small",
            en="Hidden scores got a fixed negative number, and real scores can lie below it: then "
            "the future wins. What is below every score?",
            zh="被遮住的分数换成了一个固定的负数，而真实分数可能比它更低，这时未来反而胜出。什么数比任何分数都低？",
            hide=lambda scores, mask, fill=_fill: scores.masked_fill(~mask, fill),
            finish=_finish,
        )
_in_both(
    "transposed_weights",
    en="The weights are transposed on their way to the values: a row belongs to the word that "
    "asks.",
    zh="权重在与 value 相乘时被转置了：一行属于提问的那个词。",
    mix=lambda weights, v: weights.mT @ v,
)


@mistake(
    "self_attention",
    "weights_returned",
    en="The weights came back in place of the output, or beside it: only the output is asked for.",
    zh="返回了权重而不是输出，或两者都返回了：这里只要输出。",
)
def self_attention_with_weights(x, w_q, w_k, w_v, causal=False):
    q, k, v = _project(x, w_q, w_k, w_v)
    weights = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    return _attend(x, q, k, v, causal), _attend(x, q, k, weights, causal)


# heads

VIEW_WITHOUT_TRANSPOSE = {
    "en": "A head got pieces of several words: the shape is right, the numbers are not where they "
    "belong. Which axis must move before or after the reshape?",
    "zh": "一个头里混进了几个词的片段：形状对了，数字的位置不对。reshape 之前或之后应移动哪个轴？",
}
INTERLEAVED = {
    "en": "A head owns every so-many-th column. It should own one contiguous block of columns.",
    "zh": "一个头拿到的是间隔取出的列，而它应拥有一段连续的列。",
}
NOT_SPLIT = {
    "en": "There is only one head, as wide as all of them: `heads` has no effect.",
    "zh": "只有一个与总宽度相同的头：`heads` 没有起作用。",
}


def _view(y, heads):
    return y.reshape(y.shape[0], heads, y.shape[1], -1)


def _join_by_view(y):
    return y.reshape(y.shape[0], y.shape[2], -1)


def _interleave(y, heads):
    return y.unflatten(-1, (-1, heads)).movedim(-1, 1)


def _join_interleaved(y):
    return y.movedim(1, -1).flatten(2)


_in_heads("view_without_transpose", **VIEW_WITHOUT_TRANSPOSE, split=_view)
_in_heads("view_without_transpose", **VIEW_WITHOUT_TRANSPOSE, join=_join_by_view)
_in_heads("view_without_transpose", **VIEW_WITHOUT_TRANSPOSE, split=_view, join=_join_by_view)
_in_heads("heads_interleaved", **INTERLEAVED, split=_interleave)
_in_heads("heads_interleaved", **INTERLEAVED, join=_join_interleaved)
_in_heads("heads_interleaved", **INTERLEAVED, split=_interleave, join=_join_interleaved)
_in_heads("heads_ignored", **NOT_SPLIT, split=lambda y, heads: _split(y, 1))


@mistake(
    "multi_head_self_attention",
    "attends_over_heads",
    en="Heads attend to one another at each position, where words should attend to words: which "
    "axis stands next to the last when the scores are made?",
    zh="在每个位置上是头与头之间做注意力，而应是词与词之间：计算分数时，倒数第二个轴是什么？",
)
def multi_head_over_heads(x, w_q, w_k, w_v, w_o, heads, causal=False):
    q, k, v = (y.unflatten(-1, (heads, -1)) for y in _project(x, w_q, w_k, w_v))
    return _attend(x, q, k, v, causal).flatten(2) @ w_o


@mistake(
    "multi_head_self_attention",
    "no_output_projection",
    en="The heads are joined, but w_o has not mixed them yet.",
    zh="各个头已经拼接起来，但还没有用 w_o 混合。",
)
def multi_head_without_w_o(x, w_q, w_k, w_v, w_o, heads, causal=False):
    q, k, v = (_split(y, heads) for y in _project(x, w_q, w_k, w_v))
    return _join(_attend(x, q, k, v, causal))


@mistake(
    "multi_head_self_attention",
    "transposed_w_o",
    en="w_o is transposed: its rows belong to the joined heads, its columns to the output.",
    zh="w_o 被转置了：它的行对应拼接后的各个头，列对应输出。",
)
def multi_head_transposed_w_o(x, w_q, w_k, w_v, w_o, heads, causal=False):
    return _multi_head(x, w_q, w_k, w_v, w_o.mT, heads, causal)
