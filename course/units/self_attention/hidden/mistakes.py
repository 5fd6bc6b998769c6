"""Known mistakes of the unit `self_attention`: wrong parts, in one head and in several."""

import math

import torch

from autograder.mistakes.entry import mistake, wrong


def project(x, w_q, w_k, w_v, *, take="qkv", turned=False, product=torch.matmul):
    """take: the projections returned, "x" for the words themselves. turned: all matrices."""
    w = {"q": w_q, "k": w_k, "v": w_v}
    w = {name: matrix.mT for name, matrix in w.items()} if turned else w
    return tuple(x.clone() if name == "x" else product(x, w[name]) for name in take)


def causal_mask(length, device=None, *, diagonal=0, change=lambda mask: mask):
    mask = torch.ones(length, length, dtype=torch.bool, device=device)
    return change(mask.tril(diagonal))


def _root(x):
    return math.sqrt(x.shape[-1])


def _attend(
    x,
    weights,
    causal,
    split=lambda y: y,
    *,
    take="qkv",
    turned=False,
    product=torch.matmul,
    always=False,
    score=lambda q, k: q @ k.mT,
    divisor=lambda x, q, v: _root(q),
    hidden=True,
    fill=-math.inf,
    fills=torch.Tensor.masked_fill,
    normalise=torch.softmax,
    zeroed=True,
    mix=torch.matmul,
    **mask,
):
    """hidden: the scores, as `fills` says. zeroed: a hidden weight, even in a row without any."""
    projected = project(x, *weights, take=take, turned=turned, product=product)
    q, k, v = (split(y) for y in projected)
    scores = score(q, k) / divisor(x, q, v)
    if not (causal or always):
        return mix(normalise(scores, -1), v)
    future = ~causal_mask(x.shape[1], x.device, **mask)
    weights = normalise(fills(scores, future, fill) if hidden else scores, -1)
    return mix(weights.masked_fill(future, 0.0) if zeroed else weights, v)


def self_attention(x, w_q, w_k, w_v, causal=False, *, after=lambda output, x: output, **slots):
    return after(_attend(x, (w_q, w_k, w_v), causal, **slots), x)


def _split(y, heads):
    """(N, T, heads·d) -> (N, heads, T, d)."""
    return y.unflatten(-1, (heads, -1)).transpose(1, 2)


def _join(y, w_o):
    """(N, heads, T, d) -> (N, T, D)."""
    return y.transpose(1, 2).flatten(2) @ w_o


def multi_head_self_attention(
    x, w_q, w_k, w_v, w_o, heads, causal=False, *, split=_split, join=_join, **slots
):
    return join(_attend(x, (w_q, w_k, w_v), causal, lambda y: split(y, heads), **slots), w_o)


HEADS = multi_head_self_attention
BOTH = (self_attention, HEADS)

# project

wrong("one_projection", project, *BOTH, take=["qqq", "qqv", "kkv", "qkk"])(
    en="Two of q, k and v come from the same matrix: each of the three has its own.",
    zh="q、k、v 中有两个来自同一个矩阵：三者应各有自己的矩阵。",
)
SWAPPED = wrong("swapped_qk", project, *BOTH, take="kqv")(
    en="Queries and keys have changed places: who asks, and who is asked?",
    zh="query 和 key 的位置颠倒了：谁在提问，谁被提问？",
)
wrong("wrong_order", project, *BOTH, take="qvk")(
    en="Queries, keys and values came in another order than the one asked for.",
    zh="query、key、value 的顺序与要求的不同。",
)
wrong("no_projection", project, *BOTH, take="qkx")(
    en="The words themselves took the place of a projection: x is first multiplied by w_v too.",
    zh="直接用了词本身而没有投影：x 也要先乘以 w_v。",
)
wrong("elementwise", project, *BOTH, product=torch.mul)(
    en="Words and matrix are multiplied elementwise: which product takes D numbers to d?",
    zh="词与矩阵是逐元素相乘的：哪种乘法把 D 个数变成 d 个？",
)
wrong("matrix_first", project, *BOTH, product=lambda x, w: w @ x)(
    en="The matrix stands on the left. Words are rows, (N, T, D): which axis meets the D rows of a "
    "matrix?",
    zh="矩阵写在了左边。词是行向量 (N, T, D)：哪个轴与矩阵的 D 行相接？",
)
wrong("transposed_projection", project, *BOTH, turned=True)(
    en="The matrices are transposed. Words are rows: (N, T, D) meets (D, d).",
    zh="矩阵被转置了。词是行向量：(N, T, D) 乘以 (D, d)。",
)

# causal_mask

DIAGONAL = wrong("diagonal_masked", causal_mask, *BOTH, diagonal=-1)(
    en="The diagonal is hidden: a word may not see itself, and the first one sees nothing.",
    zh="对角线被遮住了：词看不到自己，第一个词什么也看不到。",
)
wrong("diagonal_masked", *BOTH, diagonal=-1, zeroed=False)(**DIAGONAL)
SHIFTED = wrong("causal_shifted", causal_mask, *BOTH, diagonal=1)(
    en="The mask is shifted by one: every word still sees the one that follows it.",
    zh="掩码错开了一位：每个词还能看到它后面的那个词。",
)
wrong("causal_shifted", *BOTH, diagonal=1, zeroed=False)(**SHIFTED)
TURNED = wrong("causal_transposed", causal_mask, *BOTH, change=lambda mask: mask.mT.contiguous())(
    en="Rows and columns have changed places: each word sees the future and not the past.",
    zh="行和列颠倒了：每个词看到的是未来而不是过去。",
)
wrong("causal_transposed", *BOTH, change=lambda mask: mask.mT.contiguous(), zeroed=False)(**TURNED)
INVERTED = wrong("mask_inverted", causal_mask, *BOTH, change=torch.logical_not)(
    en="The mask is the wrong way round: True means that a word *may* attend to another.",
    zh="掩码用反了：True 表示 *可以* 看。",
)
wrong("mask_inverted", *BOTH, change=torch.logical_not, zeroed=False)(**INVERTED)
wrong("extra_axes", causal_mask, change=[lambda m: m[None], lambda m: m[None, None]])(
    en="The mask has axes that were not asked for. (T, T) broadcasts by itself.",
    zh="掩码多了没有要求的轴。(T, T) 自己就会广播。",
)
wrong("mask_of_ones", causal_mask, change=torch.ones_like)(
    en="The mask hides nothing.",
    zh="掩码什么也没有遮住。",
)
wrong("causal_ignored", *BOTH, change=torch.ones_like)(
    en="`causal` has no effect: every word still sees the future.",
    zh="`causal` 没有起作用：每个词仍能看到未来。",
)
wrong("causal_always", *BOTH, always=True)(
    en="The future is hidden even where nobody asked for it: look at the default of `causal`.",
    zh="没有要求时也遮住了未来：看看 `causal` 的默认值和判断。",
)

# scores and their scale

wrong("no_scale", *BOTH, divisor=lambda x, q, v: 1.0)(
    en="The scores are not divided at all. Their spread grows with the width of a key.",
    zh="分数根本没有被缩放。key 越宽，分数的波动就越大。",
)
wrong("scale_by_d", *BOTH, divisor=lambda x, q, v: q.shape[-1])(
    en="The scores are divided by the width itself. How does the spread of a dot product grow: "
    "with the width, or more slowly?",
    zh="分数除以了宽度本身。点积的波动是随宽度同样快地增长，还是更慢？",
)
wrong("scale_by_length", *BOTH, divisor=lambda x, q, v: math.sqrt(x.shape[1]))(
    en="The divisor comes from the length of the sentence. It should come from the width of a key.",
    zh="除数取自句子的长度，而它应取自 key 的宽度。",
)
wrong("scale_by_d_v", *BOTH, divisor=lambda x, q, v: _root(v))(
    en="The divisor comes from the width of the values, which take no part in the scores.",
    zh="除数取自 value 的宽度，而 value 并不参与打分。",
)
MODEL = wrong("scale_by_model", *BOTH, divisor=lambda x, q, v: _root(x))(
    en="The divisor comes from the width of the whole model. A dot product runs over the width of "
    "one head's key: only that counts.",
    zh="除数取自整个模型的宽度。点积只在一个头的 key 宽度上求和，只有它才算数。",
)
wrong("scale_by_model", HEADS, divisor=lambda x, q, v: math.sqrt(q.shape[1] * q.shape[-1]))(**MODEL)
for _share in (
    lambda x, q, v: math.sqrt(x.shape[-1] / q.shape[1]),
    lambda x, q, v: math.sqrt(max(1, x.shape[-1] // q.shape[1])),
):
    wrong("scale_by_model", HEADS, divisor=_share)(**MODEL)
wrong("multiplied", *BOTH, divisor=lambda x, q, v: 1 / _root(q))(
    en="The scores grow where they should shrink: multiplied in place of divided.",
    zh="分数本该变小却变大了：应该除的地方用了乘。",
)
wrong("float32_root", *BOTH, divisor=lambda x, q, v: torch.sqrt(torch.tensor(q.shape[-1])))(
    en="The root has the digits of float32 only, whatever the scores have: PyTorch takes the root "
    "of a whole number in its default dtype. What takes it in Python's own precision?",
    zh="这个平方根只有 float32 的精度，与分数的精度无关：PyTorch 对整数开方时用的是默认 dtype。"
    "怎样按 Python 自己的精度来开方？",
)
wrong("scaled_twice", *BOTH, score=lambda q, k: q @ k.mT / _root(q))(
    en="The scores are scaled more than once: your `attention` does it already.",
    zh="分数被缩放了不止一次：你的 `attention` 已经缩放过了。",
)
wrong(
    "scale_after_softmax",
    *BOTH,
    score=lambda q, k: q @ k.mT * _root(q),
    mix=lambda weights, v: weights @ v / _root(v),
)(
    en="The weights are scaled after the softmax, so they no longer sum to 1. What should be "
    "scaled, and when?",
    zh="缩放放在了 softmax 之后，权重之和不再是 1。应该缩放的是什么，在哪一步？",
)
wrong("swapped_qk", *BOTH, score=lambda q, k: k @ q.mT)(**SWAPPED)


# softmax


def _by_hand(largest=lambda scores, dim: scores.amax(dim, True), more=0.0):
    """A softmax made from its steps; more: added to the denominator."""

    def normalise(scores, dim):
        exponentials = (scores - largest(scores, dim)).exp()
        return exponentials / (exponentials.sum(dim, True) + more)

    return normalise


for _axis in (-2, 0, 1):
    wrong("wrong_axis", *BOTH, normalise=lambda s, d, axis=_axis: s.softmax(axis))(
        en="The softmax runs over the wrong axis. Which axis holds one query's scores?",
        zh="softmax 沿错误的轴计算。一个 query 的分数排在哪个轴上？",
    )
wrong("over_everything", *BOTH, normalise=lambda s, d: s.ravel().softmax(0).view_as(s))(
    en="All the weights together sum to 1, not those of each query.",
    zh="是全部权重之和为 1，而不是每个 query 的权重之和为 1。",
)
wrong("no_max", *BOTH, normalise=lambda s, d: s.exp() / s.exp().sum(d, True))(
    en="Large scores overflow and very small ones vanish. Which number can be taken from every "
    "score of a row without changing the ratio?",
    zh="很大的分数会溢出，很小的会变成零。从一行的每个分数中减去哪个数，比值不变？",
)
wrong("max_over_everything", *BOTH, normalise=_by_hand(lambda s, d: s.max()))(
    en="One maximum is taken from all rows alike. In a row that lies far below it every "
    "exponential is 0, and 0/0 is NaN, not a number.",
    zh="所有行减去的是同一个最大值。远低于它的那些行，指数全部变成 0，而 0/0 没有意义。",
)
wrong("not_normalised", *BOTH, normalise=lambda s, d: (s - s.amax(d, True)).exp())(
    en="The exponentials are not divided by their sum: the weights do not sum to 1.",
    zh="指数没有除以它们的和：权重之和不是 1。",
)
wrong("no_exponential", *BOTH, normalise=lambda scores, dim: scores)(
    en="The scores themselves take the place of weights: the softmax is missing.",
    zh="直接用分数当权重：缺少 softmax。",
)
wrong("epsilon", *BOTH, normalise=[_by_hand(more=e) for e in (1e-5, 1e-6, 1e-7, 1e-8)])(
    en="A small number was added to a denominator, so the weights sum to a little less than 1.",
    zh="分母里加了一个很小的数，权重之和略小于 1。",
)


# the mask in the scores, and the weighted sum

wrong("mask_after_softmax", *BOTH, hidden=False)(
    en="Hidden weights were set to 0 after the softmax, so the rest no longer sum to 1. The hidden "
    "words must not take part in the division either.",
    zh="softmax 之后才把被遮住的权重设为 0，其余的和不再是 1。被遮住的词也不能参与归一化。",
)


def _less_the_largest(q, k):
    scores = q @ k.mT
    return scores - scores.amax(-1, True)


def _largest_unless_hidden(scores, dim):
    """Nothing where _less_the_largest took it away."""
    return scores.amax(dim, True).masked_fill(scores.isneginf().any(dim, True), 0.0)


wrong(
    "max_of_hidden",
    *BOTH,
    score=_less_the_largest,
    normalise=[_by_hand(_largest_unless_hidden, more) for more in (0.0, 1e-300)],
)(
    en="The largest score is looked for among the hidden words, too. Where theirs is far above the "
    "others, every exponential that counts becomes 0. Of which scores must the maximum be taken?",
    zh="最大值把被遮住的词也算进去了。当它远大于其余分数时，真正算数的指数全部变成 0。"
    "最大值应该在哪些分数里取？",
)
wrong("fill_zero", *BOTH, fill=[0.0, 1e-9, 1e-8, 1e-6], zeroed=False)(
    en="A hidden score was replaced by (almost) 0, and e⁰ is 1: such a word still takes part.",
    zh="被遮住的分数换成了（几乎）0，而 e⁰ = 1，这个词仍然有份。",
)
wrong(
    "fill_too_small",
    *BOTH,
    fill=[-1e1, -1e2, -1e3, -1e4],
    fills=[torch.Tensor.masked_fill, lambda s, future, n: s + future.to(s.dtype) * n],
    zeroed=[True, False],
)(
    en="Hidden scores got a fixed negative number, and real scores can lie below it: then the "
    "future wins. What is below every score?",
    zh="被遮住的分数换成了一个固定的负数，而真实分数可能比它更低，这时未来反而胜出。什么数比任何分"
    "数都低？",
)
wrong("transposed_weights", *BOTH, mix=lambda weights, v: weights.mT @ v)(
    en="The weights are transposed on their way to the values: a row belongs to the word that "
    "asks.",
    zh="权重在与 value 相乘时被转置了：一行属于提问的那个词。",
)
wrong("weights_returned", self_attention, mix=lambda weights, v: (weights @ v, weights))(
    en="The weights came back in place of the output, or beside it: only the output is asked for.",
    zh="返回了权重而不是输出，或两者都返回了：这里只要输出。",
)


wrong("weights_returned", self_attention, mix=lambda weights, v: weights)(
    en="The weights came back in place of the output: only the output is asked for.",
    zh="返回了权重而不是输出：这里只要输出。",
)
wrong(
    "residual",
    self_attention,
    after=[lambda y, x: y + x, lambda y, x: y + x if y.shape == x.shape else y],
)(
    en="The words themselves are added to the output, as a Transformer does around this layer.",
    zh="把词本身加到了输出上（Transformer 在这一层之外才这样做）。",
)


# heads


def _view(y, heads):
    return y.reshape(y.shape[0], heads, y.shape[1], -1)


def _join_by_view(y, w_o):
    return y.reshape(y.shape[0], y.shape[2], -1) @ w_o


def _interleave(y, heads):
    return y.unflatten(-1, (-1, heads)).movedim(-1, 1)


def _join_interleaved(y, w_o):
    return y.movedim(1, -1).flatten(2) @ w_o


VIEW = wrong("view_without_transpose", HEADS, split=_view)(
    en="A head got pieces of several words: the shape is right, the numbers are not where they "
    "belong. Which axis must move before or after the reshape?",
    zh="一个头里混进了几个词的片段：形状对了，数字的位置不对。reshape 之前或之后应移动哪个轴？",
)
wrong("view_without_transpose", HEADS, join=_join_by_view)(**VIEW)
wrong("view_without_transpose", HEADS, split=_view, join=_join_by_view)(**VIEW)
INTERLEAVED = wrong("heads_interleaved", HEADS, split=_interleave)(
    en="A head owns every n-th column, n the number of heads. It should own "
    "one contiguous block of columns.",
    zh="一个头拿到的是间隔取出的列，而它应拥有一段连续的列。",
)
wrong("heads_interleaved", HEADS, join=_join_interleaved)(**INTERLEAVED)
wrong("heads_interleaved", HEADS, split=_interleave, join=_join_interleaved)(**INTERLEAVED)
wrong("heads_ignored", HEADS, split=lambda y, heads: _split(y, 1))(
    en="There is only one head, as wide as all of them: `heads` has no effect.",
    zh="只有一个与总宽度相同的头：`heads` 没有起作用。",
)
OVER = wrong(
    "attends_over_heads",
    HEADS,
    split=lambda y, heads: y.unflatten(-1, (heads, -1)),
    join=lambda y, w_o: y.flatten(2) @ w_o,
)(
    en="Heads attend to one another at each position, where words should attend to words: which "
    "axis stands next to the last when the scores are made?",
    zh="在每个位置上是头与头之间做注意力，而应是词与词之间：计算分数时，倒数第二个轴是什么？",
)


def _over_heads(x, w_q, w_k, w_v, w_o, heads, hidden):
    """Heads stay behind the words, which no mask of the words' fits."""
    q, k, v = (y.unflatten(-1, (heads, -1)) for y in project(x, w_q, w_k, w_v))
    scores = (q @ k.mT / _root(q)).masked_fill(hidden, -math.inf)
    return (scores.softmax(-1) @ v).flatten(2) @ w_o


@mistake("multi_head_self_attention", "attends_over_heads", **OVER)
def multi_head_over_heads(x, w_q, w_k, w_v, w_o, heads, causal=False):
    hidden = torch.zeros(heads, heads, dtype=torch.bool, device=x.device)
    return _over_heads(x, w_q, w_k, w_v, w_o, heads, hidden)


@mistake("multi_head_self_attention", "attends_over_heads", **OVER)
def multi_head_over_earlier_heads(x, w_q, w_k, w_v, w_o, heads, causal=False):
    """The mask is made for as many as there are scores."""
    hidden = ~causal_mask(heads, x.device) & causal
    return _over_heads(x, w_q, w_k, w_v, w_o, heads, hidden)


def _of_one_width(x, weights, w_o, heads, causal, width):
    """All projections are cut, and joined, as if they had this width."""
    n, length, _ = x.shape
    projected = (y.view(n, length, heads, width // heads) for y in project(x, *weights))
    q, k, v = (y.transpose(1, 2) for y in projected)
    scores = q @ k.mT / _root(q)
    if causal:
        scores = scores.masked_fill(~causal_mask(length, x.device), -math.inf)
    return (scores.softmax(-1) @ v).transpose(1, 2).reshape(n, length, width) @ w_o


@mistake(
    "multi_head_self_attention",
    "width_of_words",
    en="A head's width is taken from the words'. It follows from the projection: w_q, w_k and w_v "
    "may have other widths than x, and than one another.",
    zh="头的宽度取自了词的宽度。它应由投影决定：w_q、w_k、w_v 的宽度可以与 x 不同，彼此也可以不"
    "同。",
)
def multi_head_of_width(x, w_q, w_k, w_v, w_o, heads, causal=False):
    return _of_one_width(x, (w_q, w_k, w_v), w_o, heads, causal, x.shape[-1])


@mistake(
    "multi_head_self_attention",
    "width_of_keys",
    en="The values are cut into heads as wide as those of the keys. w_v may have another width.",
    zh="value 也按 key 的头宽来切分。w_v 的宽度可以与它不同。",
)
def multi_head_of_the_keys_width(x, w_q, w_k, w_v, w_o, heads, causal=False):
    return _of_one_width(x, (w_q, w_k, w_v), w_o, heads, causal, w_k.shape[-1])


def _join_by_mere_view(y, w_o):
    y = y.transpose(1, 2)
    return y.view(*y.shape[:2], -1) @ w_o


wrong("view_of_transposed", HEADS, join=_join_by_mere_view)(
    en="`view` cannot join axes whose numbers lie apart in memory, as they do after `transpose`. "
    "torch's words name what can.",
    zh="`transpose` 之后，数字在内存中不相邻，`view` 无法合并这些轴。torch 的报错里写了该用什么。",
)
wrong("heads_averaged", HEADS, join=lambda y, w_o: y.mean(1).repeat(1, 1, y.shape[1]) @ w_o)(
    en="The heads were averaged. Each has its own rows of w_o: they are joined, not mixed before.",
    zh="对各个头求了平均。每个头在 w_o 中有自己的行：应该拼接，而不是先混合。",
)
wrong("heads_averaged", HEADS, join=lambda y, w_o: y.sum(1).repeat(1, 1, y.shape[1]) @ w_o)(
    en="The heads were added. Each has its own rows of w_o: they are joined, not mixed before.",
    zh="把各个头加了起来。每个头在 w_o 中有自己的行：应该拼接，而不是先混合。",
)
wrong("no_output_projection", HEADS, join=lambda y, w_o: y.transpose(1, 2).flatten(2))(
    en="The heads are joined, but w_o has not mixed them yet.",
    zh="各个头已经拼接起来，但还没有用 w_o 混合。",
)
wrong("transposed_w_o", HEADS, join=lambda y, w_o: _join(y, w_o.mT))(
    en="w_o is transposed: its rows belong to the joined heads, its columns to the output.",
    zh="w_o 被转置了：它的行对应拼接后的各个头，列对应输出。",
)


@mistake(
    "self_attention",
    "mask_of_batch",
    en="The mask's size is that of another axis: how many words does a sentence have?",
    zh="掩码的大小取自了别的轴：一个句子有多少个词？",
)
def self_attention_mask_of_batch(x, w_q, w_k, w_v, causal=False):
    q, k, v = project(x, w_q, w_k, w_v)
    scores = q @ k.mT / _root(q)
    if causal:
        scores = scores.masked_fill(~causal_mask(len(x), x.device), torch.finfo(x.dtype).min)
    return scores.softmax(-1) @ v


# made so often that one program may make two
COMMON = """
transposed_projection diagonal_masked mask_inverted causal_ignored no_scale scale_by_d
scale_by_model view_without_transpose heads_interleaved heads_ignored no_output_projection
""".split()
