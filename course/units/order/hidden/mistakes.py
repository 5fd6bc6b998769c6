"""Known mistakes of the unit `order`: of positions, the pass, the loss and writing."""

import math

import torch
import torch.nn.functional as F

from autograder.mistakes.entry import mistake, wrong


def _pairs(sines, cosines):
    """(T, D/2) twice -> (T, D), a sine and its cosine side by side."""
    return torch.stack([sines, cosines], -1).flatten(1)


def _counted(number):
    return torch.arange(number, dtype=torch.float64)


def _rates(width, base=10000.0):
    """(D/2,); for an odd width one more than its pairs."""
    return base ** (-2 * _counted((width + 1) // 2) / width)


def positions(
    length,
    width,
    *,
    even=True,
    places=_counted,
    rates=_rates,
    waves=lambda angles: (angles.sin(), angles.cos()),
    lay=_pairs,
    done=lambda table: table,
):
    """even: whether an odd width is refused. lay: the waves beside one another."""
    if even and width % 2:
        raise ValueError(width)
    angles = places(length)[:, None] * rates(width)
    return done(lay(*waves(angles))[:, :width])


def _weights(scores, mask):
    lowest = torch.finfo(scores.dtype).min
    return scores.masked_fill(~mask, lowest).softmax(-1).masked_fill(~mask, 0.0)


def _attention(x, params, masked, seen, root, weigh):
    q, k, v = (x @ params[name] for name in ("w_q", "w_k", "w_v"))
    scores = q @ k.mT / root(q, x)
    if not masked:
        return scores.softmax(-1) @ v
    mask = seen(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device))
    return weigh(scores, mask) @ v


def _logits(y, params):
    return y @ params["out_w"] + params["out_b"]


def next_words(
    tokens,
    params,
    *,
    table=lambda n, t, d: positions(t, d),
    join=torch.add,
    masked=True,
    seen=torch.tril,
    root=lambda q, x: math.sqrt(q.shape[-1]),
    weigh=_weights,
    after=lambda y, x, table: y,
    out=_logits,
    result=lambda logits: logits,
    **where,
):
    """table: from N, T and D to what words are joined with. seen: of a mask of ones.

    weigh: from scores and a mask to weights. where: the slots of `positions`.
    """
    embed = params["embed"]
    if where:
        places = positions(tokens.shape[1], embed.shape[1], **where)
    else:
        places = table(*tokens.shape, embed.shape[1])
    places = places.to(embed)
    x = join(embed[tokens], places)
    return result(out(after(_attention(x, params, masked, seen, root, weigh), x, places), params))


def mean_loss(
    tokens,
    params,
    *,
    asked=lambda logits: logits[:, :-1],
    targets=lambda tokens: tokens[:, 1:],
    log=lambda logits: logits.log_softmax(-1),
    mean=lambda losses, tokens: losses.mean(),
    **slots,
):
    """asked: the logits of positions that have a target. log: from them to log-probabilities."""
    right = targets(tokens)[..., None]
    losses = -log(asked(next_words(tokens, params, **slots))).gather(2, right)[..., 0]
    return mean(losses, tokens)


def generate(
    tokens,
    params,
    count,
    *,
    more=lambda count, t: count,
    read=lambda tokens, t: tokens,
    asked=lambda logits: logits[:, -1],
    choose=lambda logits: logits.argmax(-1),
    append=lambda tokens, new: torch.cat([tokens, new], 1),
    written=lambda tokens, t: tokens,
    anew=None,
    **slots,
):
    """more: how many words. read: of all words so far, those that the next one is made from.

    anew: the positions of what is written, from a number and a width.
    """
    t = tokens.shape[1]
    tokens = tokens.clone()
    if anew:
        slots["table"] = lambda _, now, d: torch.cat([positions(t, d), anew(now, d)])[:now]
    for _ in range(more(count, t)):
        logits = asked(next_words(read(tokens, t), params, **slots))
        tokens = append(tokens, choose(logits)[:, None])
    return written(tokens, t)


PASS = (next_words, mean_loss)  # of what is written only the last position's logits are seen
TABLE = (positions, *PASS)
ALL = (*PASS, generate)

# positions

wrong("sine_and_cosine_swapped", *TABLE, lay=lambda sin, cos: _pairs(cos, sin))(
    en="Sines and cosines stand in each other's columns: which of them is 0 at position 0?",
    zh="正弦和余弦的列互换了：在位置 0，哪一个等于 0？",
)
for _lay in (
    lambda sin, cos: torch.cat([sin, cos], 1),
    lambda sin, cos: torch.cat([cos, sin], 1),
):
    wrong("not_interleaved", *TABLE, lay=_lay)(
        en="All sines stand on one side and all cosines on the other. Each sine has its cosine in "
        "the next column.",
        zh="所有正弦在一边，所有余弦在另一边。每个正弦的下一列应是与它同角的余弦。",
    )
wrong("positions_from_one", *TABLE, places=lambda t: _counted(t) + 1)(
    en="The first position is counted as 1. Which angle has the sine 0 and the cosine 1?",
    zh="第一个位置被当作 1。正弦为 0、余弦为 1 的是哪个角？",
)
wrong("positions_from_end", *TABLE, places=lambda t: _counted(t).flip(0))(
    en="Positions are counted from the other end. Then a word's position would change whenever one "
    "is added behind it.",
    zh="位置是从另一端数的。这样，后面每加一个词，前面词的位置就都变了。",
)
wrong("share_of_length", *TABLE, places=lambda t: _counted(t) / t)(
    en="Positions are divided by the length, so one and the same word moves when the sentence "
    "grows.",
    zh="位置除以了长度，句子一变长，同一个词的位置就变了。",
)


for _times in (1, 2):

    @mistake(
        "positions",
        "rate_by_column",
        en="Each column has a rate of its own. A sine and the cosine beside it are of the same "
        "angle: how does i follow from the column?",
        zh="每一列都用了自己的频率。正弦和它旁边的余弦用同一个角：i 与列号是什么关系？",
    )
    def positions_by_column(length, width, times=_times):
        if width % 2:
            raise ValueError(width)
        rates = 10000.0 ** (-times * _counted(width) / width)
        angles = _counted(length)[:, None] * rates
        return torch.where(torch.arange(width) % 2 == 0, angles.sin(), angles.cos())


for _rate in (
    lambda d: 10000.0 ** (-_counted((d + 1) // 2) / d),
    lambda d: 10000.0 ** (-4 * _counted((d + 1) // 2) / d),
):
    wrong("wrong_exponent", *TABLE, rates=_rate)(
        en="The rates fall too fast or too slowly: the exponent is 2i/D, where i counts the pairs. "
        "Is a 2 missing, or there twice?",
        zh="频率降得太快或太慢：指数是 2i/D，i 数的是正弦余弦对。是不是少了一个 2，或多了一个 2？",
    )
wrong(
    "wrong_base",
    *TABLE,
    rates=[lambda d, b=b: _rates(d, b) for b in (100.0, 1000.0, 100000.0, math.e)],
)(
    en="The base of the rates is another number. Which one does the docstring name?",
    zh="频率的底数不对。说明里写的是多少？",
)
wrong("rates_multiplied", *TABLE, rates=lambda d: 1 / _rates(d))(
    en="The angles grow from pair to pair where they should shrink: multiplied in place of "
    "divided.",
    zh="角度本该一对比一对小，却越来越大：该除的地方用了乘。",
)
wrong("slowest_first", *TABLE, rates=lambda d: _rates(d).flip(0))(
    en="The slowest wave stands first: in columns 0 and 1 the angle is the position itself.",
    zh="最慢的波排在了最前面：第 0、1 列的角度就是位置本身。",
)
wrong("no_rates", *TABLE, rates=lambda d: _rates(d) ** 0)(
    en="Every pair has the same angle: a sentence longer than one round would have positions "
    "twice.",
    zh="每一对都用同一个角：句子长过一圈，位置就会重复。",
)
wrong("angle_for_wave", *TABLE, waves=lambda angles: (angles, angles))(
    en="The angles themselves stand in the table. What is taken of an angle, and why does it stay "
    "between -1 and 1?",
    zh="表中是角度本身。应对角度取什么，使数值保持在 -1 与 1 之间？",
)
wrong("table_transposed", positions, done=lambda table: table.T)(
    en="Rows and columns have changed places: a row is a position.",
    zh="行和列颠倒了：一行是一个位置。",
)
wrong("extra_axes", positions, done=lambda table: table[None])(
    en="The table has an axis that was not asked for: (T, D) broadcasts over sentences by itself.",
    zh="表多了一个没有要求的轴：(T, D) 自己就会沿句子广播。",
)
wrong("no_error", positions, even=False)(
    en="An odd width gives a table with a sine whose cosine is missing. What does the docstring "
    "ask for?",
    zh="宽度为奇数时，返回的表里有一个正弦缺了余弦。说明里要求怎样做？",
)

# the pass

NO_PLACE = wrong("no_positions", *ALL, table=lambda n, t, d: torch.zeros(t, d))(
    en="Positions have no effect: with two earlier words exchanged the logits stay the same.",
    zh="位置没有起作用：把前面的两个词交换，logits 不变。",
)
wrong("positions_of_batch", *PASS, table=lambda n, t, d: positions(n, d)[:, None])(
    en="Sentences were numbered, and not the words of a sentence: which axis of (N, T) is the "
    "length?",
    zh="编号的是句子而不是句中的词：(N, T) 的哪个轴是长度？",
)
wrong("same_position", *ALL, table=lambda n, t, d: positions(t, d)[-1])(
    en="All words stand at the same position, the last one. Each needs its own row of the table.",
    zh="所有词都用了同一个位置（最后一个）。每个词应各用表中自己的一行。",
)
wrong("positions_twice", *PASS, table=lambda n, t, d: 2 * positions(t, d))(
    en="The positions are added twice.",
    zh="位置被加了两次。",
)
wrong("positions_multiplied", *PASS, join=torch.mul)(
    en="Words and positions are multiplied. Where a sine is 0 the word is lost: how should they be "
    "joined?",
    zh="词和位置是相乘的。正弦为 0 处词就丢失了：它们应怎样结合？",
)
wrong("positions_alone", *PASS, join=lambda words, table: table.expand_as(words))(
    en="Only the positions went in: the words themselves have no effect.",
    zh="只用了位置：词本身没有起作用。",
)
wrong("words_scaled", *ALL, join=lambda w, table: w * math.sqrt(w.shape[-1]) + table)(
    en="The embedded words are multiplied by √D, as the paper does. Here they are added to the "
    "positions as they are.",
    zh="词向量乘了 √D（论文的做法）。这里直接与位置相加。",
)
wrong("positions_after", *PASS, join=lambda w, table: w, after=lambda y, x, table: y + table)(
    en="The positions are added after the attention, which has not seen them.",
    zh="位置在注意力之后才加上，注意力没有看到它们。",
)
wrong(
    "residual",
    *PASS,
    after=[lambda y, x, table: x + y, lambda y, x, table: x + y if x.shape == y.shape else y],
)(
    en="The words themselves are added to the attention's output, as a Transformer does. Here its "
    "output alone goes on.",
    zh="把词本身加到了注意力的输出上（Transformer 的做法）。这里只用注意力的输出。",
)
wrong("causal_ignored", *PASS, masked=False)(
    en="Each position sees the words after it, the answer among them: nothing is learned that way.",
    zh="每个位置都看到了后面的词，答案也在其中：这样什么也学不到。",
)
wrong("causal_shifted", *PASS, seen=lambda mask: mask.tril(1))(
    en="The mask is shifted by one: every position still sees the very word that it is to "
    "foretell.",
    zh="掩码错开了一位：每个位置还能看到它正要预测的那个词。",
)
wrong("diagonal_masked", *PASS, seen=lambda mask: mask.tril(-1))(
    en="A position does not see its own word, and the first one sees nothing.",
    zh="每个位置看不到自己的词，第一个位置什么也看不到。",
)
wrong("causal_transposed", *PASS, seen=torch.triu)(
    en="Each position sees the future and not the past: rows and columns of the mask have changed "
    "places.",
    zh="每个位置看到的是未来而不是过去：掩码的行和列颠倒了。",
)


def _shares(powers, mask):
    powers = powers * mask
    return powers / powers.sum(-1, True)


wrong("no_max", next_words, weigh=lambda scores, mask: _shares(scores.exp(), mask))(
    en="Large scores overflow and very small ones vanish. Which number can be taken from every "
    "score of a row without changing the ratio?",
    zh="很大的分数会溢出，很小的会变成零。从一行的每个分数中减去哪个数，比值不变？",
)
wrong(
    "max_of_hidden",
    next_words,
    weigh=lambda scores, mask: _shares((scores - scores.amax(-1, True)).exp(), mask),
)(
    en="The largest score is looked for among the hidden words, too. Where theirs is far above the "
    "others, every exponential that counts becomes 0. Of which scores must the maximum be taken?",
    zh="最大值把被遮住的词也算进去了。当它远大于其余分数时，真正算数的指数全部变成 0。"
    "最大值应该在哪些分数里取？",
)
wrong("no_scale", *PASS, root=lambda q, x: 1.0)(
    en="The scores are not divided by √d_k: your `self_attention` does it.",
    zh="分数没有除以 √d_k：你的 `self_attention` 会做这一步。",
)
wrong("scale_by_model", *PASS, root=lambda q, x: math.sqrt(x.shape[-1]))(
    en="The scores are divided by the root of a word's width. A dot product runs over the width of "
    "a key.",
    zh="分数除以了词宽度的平方根。点积是在 key 的宽度上求和的。",
)
wrong("no_output_bias", *ALL, out=lambda y, params: y @ params["out_w"])(
    en="The logits lack a part: which of the parameters has no effect?",
    zh="logits 少了一部分：哪个参数没有起作用？",
)
wrong("tied_output", *PASS, out=lambda y, params: y @ params["embed"].mT + params["out_b"])(
    en="The logits are made with the embedding, as models with tied weights do. Here out_w is "
    "there for it.",
    zh="logits 是用词向量矩阵算的（共享权重的做法）。这里应使用 out_w。",
)
for _result in (lambda x: x.softmax(-1), lambda x: x.log_softmax(-1)):
    wrong("softmax_at_the_end", next_words, result=_result)(
        en="Probabilities came back, or their logarithms. The logits are asked for as they are.",
        zh="返回的是概率或它的对数。要求的是原样的 logits。",
    )
for _result in (lambda x: x[:, -1], lambda x: x[:, -1:]):
    wrong("last_position_only", next_words, result=_result)(
        en="Only the last position's logits came back: one pass has an answer at every position.",
        zh="只返回了最后一个位置的 logits：一遍计算在每个位置都有答案。",
    )
wrong("last_position_dropped", next_words, result=lambda x: x[:, :-1])(
    en="The last position is missing. It has no target in the loss, but it has logits.",
    zh="缺少最后一个位置。它在损失中没有目标，但有 logits。",
)
wrong("words_returned", next_words, result=lambda x: x.argmax(-1))(
    en="The likeliest words came back in place of the logits of all words.",
    zh="返回的是最可能的词，而不是所有词的 logits。",
)
wrong("words_second", next_words, result=lambda x: x.mT)(
    en="The vocabulary stands before the positions: (N, T, V) is asked for.",
    zh="词表轴排在了位置轴之前：要求的形状是 (N, T, V)。",
)

# the loss

for _asked, _targets in [
    (lambda logits: logits, lambda tokens: tokens),
    (lambda logits: logits[:, :-1], lambda tokens: tokens[:, :-1]),
    (lambda logits: logits[:, 1:], lambda tokens: tokens[:, 1:]),
]:
    wrong("own_word_as_target", mean_loss, asked=_asked, targets=_targets)(
        en="Each position is to foretell its own word, which it has seen. Which word is its "
        "target?",
        zh="每个位置预测的是它自己的词，而它已经看到了。它的目标应是哪个词？",
    )
wrong(
    "previous_word_as_target",
    mean_loss,
    asked=lambda logits: logits[:, 1:],
    targets=lambda tokens: tokens[:, :-1],
)(
    en="Each position is to foretell the word before it: shifted the wrong way.",
    zh="每个位置预测的是它前面的词：移位的方向反了。",
)
for _targets in (
    lambda tokens: tokens.roll(-1, 1),
    lambda tokens: F.pad(tokens[:, 1:], (0, 1)),
    lambda tokens: torch.cat([tokens[:, 1:], tokens[:, -1:]], 1),
):
    wrong("last_has_target", mean_loss, asked=lambda logits: logits, targets=_targets)(
        en="The last position has a target too, made up for it. What comes after the last word?",
        zh="最后一个位置也有了一个凭空的目标。最后一个词之后是什么，谁知道？",
    )
wrong(
    "first_left_out",
    mean_loss,
    asked=lambda logits: logits[:, 1:-1],
    targets=lambda tokens: tokens[:, 2:],
)(
    en="The first prediction is left out: after one word the second is foretold.",
    zh="漏掉了第一个预测：看了一个词，就要预测第二个词。",
)
wrong(
    "last_prediction_only",
    mean_loss,
    asked=lambda logits: logits[:, -2:-1],
    targets=lambda tokens: tokens[:, -1:],
)(
    en="Only the last prediction counts. All of them are there after one pass: that is the point.",
    zh="只计算了最后一个预测。一遍算完，所有预测都有了，这正是要点。",
)


def _reshaped(logits):
    """(N, L, V) taken for (N, V, L), as numbers lie in memory, and turned back."""
    n, length, words = logits[:, :-1].shape
    return logits[:, :-1].reshape(n, words, length).mT


wrong("reshaped_not_transposed", mean_loss, asked=_reshaped)(
    en="Words and positions should change places, and a reshape only counts the numbers anew: they "
    "stay in their order. What exchanges two axes?",
    zh="词与位置这两个轴应当互换，而 reshape 只是把数重新分组，顺序不变。什么能交换两个轴？",
)
wrong("summed", mean_loss, mean=lambda losses, tokens: losses.sum())(
    en="The losses are added up. A mean does not grow with the number of words.",
    zh="损失是求和的。平均值不随词数增长。",
)
for _mean in (
    lambda losses, tokens: losses.sum(1).mean(),
    lambda losses, tokens: losses.mean(1).sum(),
    lambda losses, tokens: losses.sum() / tokens.numel(),
):
    wrong("wrong_number", mean_loss, mean=_mean)(
        en="The sum of the losses is divided by another number than theirs: count the predictions "
        "that have a target.",
        zh="损失之和除以的数不对：数一数有目标的预测有多少个。",
    )
for _mean in (
    lambda losses, tokens: losses,
    lambda losses, tokens: losses.mean(1),
    lambda losses, tokens: losses.mean(0),
    lambda losses, tokens: losses.mean()[None],
):
    wrong("not_one_number", mean_loss, mean=_mean)(
        en="More than one number came back, or one with an axis around it: a tensor of shape () "
        "is asked for.",
        zh="返回的不止一个数，或数外面多了一个轴：要求形状为 () 的张量。",
    )
wrong("no_sign", mean_loss, mean=lambda losses, tokens: -losses.mean())(
    en="The loss is negative: it falls when the right words become less likely.",
    zh="损失是负的：正确的词越不可能，它反而越小。",
)
wrong("perplexity", mean_loss, mean=lambda losses, tokens: losses.mean().exp())(
    en="The perplexity came back, the exponential of the loss.",
    zh="返回的是困惑度，即损失的指数。",
)
wrong("bits", mean_loss, mean=lambda losses, tokens: losses.mean() / math.log(2))(
    en="The logarithm has the base 2: the natural one is asked for.",
    zh="对数以 2 为底：要求的是自然对数。",
)
wrong("softmax_twice", mean_loss, log=lambda x: x.softmax(-1).log_softmax(-1))(
    en="Probabilities were given where logits are expected, so a softmax was taken twice. What "
    "does `cross_entropy` want?",
    zh="该给 logits 的地方给了概率，softmax 做了两次。`cross_entropy` 要的是什么？",
)
for _log in (lambda x: x.softmax(-1), lambda x: -x.softmax(-1)):
    wrong("no_logarithm", mean_loss, log=_log)(
        en="The probabilities of the right words are averaged, without a logarithm.",
        zh="对正确词的概率直接求了平均，没有取对数。",
    )
wrong("no_softmax", mean_loss, log=lambda x: x)(
    en="The logits of the right words are averaged as if they were log-probabilities: what becomes "
    "of the other words' logits?",
    zh="把正确词的 logits 当成对数概率求了平均：其他词的 logits 到哪里去了？",
)
wrong("naive_logarithm", mean_loss, log=lambda x: x.softmax(-1).log())(
    en="The logarithm of a softmax is -inf where a probability has become 0. Which function takes "
    "both at once?",
    zh="概率变成 0 时，先 softmax 再取对数得 -inf。哪个函数把两步合成一步？",
)
wrong(
    "epsilon",
    mean_loss,
    log=[lambda x, e=10.0**-n: (x.softmax(-1) + e).log() for n in range(5, 11)],
)(
    en="A small number was added to a probability, so the loss is a little too small, and at a "
    "word that is all but impossible far too small.",
    zh="概率上加了一个很小的数，损失略小；遇到几乎不可能的词时，小得多。",
)
for _dim in (1, 0):
    wrong("wrong_axis", mean_loss, log=lambda x, dim=_dim: x.log_softmax(dim))(
        en="The probabilities of one position do not sum to 1: over which axis do the words of the "
        "vocabulary stand?",
        zh="同一个位置的概率之和不是 1：词表中的词排在哪个轴上？",
    )


def _without_zeros(losses, tokens):
    return losses[tokens[:, 1:] != 0].mean()


wrong("padding_is_zero", mean_loss, mean=_without_zeros)(
    en="Targets with the id 0 are left out, as if they were padding. 0 is a word like any other.",
    zh="编号为 0 的目标被当作填充略去了。0 和其他编号一样是一个词。",
)

# writing

wrong("beginning_left_out", generate, written=lambda tokens, t: tokens[:, t:])(
    en="Only what was written came back, without the beginnings.",
    zh="只返回了写出的部分，缺少开头。",
)
wrong("not_read", generate, read=lambda tokens, t: tokens[:, :t])(
    en="What was written is not read when the next word is chosen, so it is the same word again "
    "and again.",
    zh="选下一个词时没有读已写出的词，于是一直写同一个词。",
)
wrong(
    "last_word_read_alone",
    generate,
    read=[
        lambda tokens, t: tokens[:, -1:],
        lambda tokens, t: tokens[:, -1:] if tokens.shape[1] > t else tokens,
    ],
)(
    en="Only the last word is read, as if it were the first: what became of those before it?",
    zh="只读了最后一个词，并把它当作第一个：它前面的词呢？",
)
wrong("window", generate, read=lambda tokens, t: tokens[:, -t:])(
    en="As many words are read as there were in the beginning: for each that is written, the first "
    "one is forgotten.",
    zh="读的词数始终等于开头的词数：每写一个词，就忘掉最前面的一个。",
)
wrong("first_position", generate, asked=lambda logits: logits[:, 0])(
    en="The word is chosen by the first position's logits. Which position has read everything?",
    zh="词是按第一个位置的 logits 选的。哪个位置读完了所有的词？",
)
wrong("mean_of_positions", generate, asked=lambda logits: logits.mean(1))(
    en="The logits of all positions are averaged: which one says what comes after the last word?",
    zh="对所有位置的 logits 求了平均：哪个位置说的是最后一个词之后的词？",
)
OFF_BY_ONE = wrong("off_by_one", generate, more=lambda count, t: count + 1)(
    en="One word too few or too many: count how often the loop runs.",
    zh="多写或少写了一个词：数一数循环了多少次。",
)
wrong("off_by_one", generate, more=lambda count, t: count - 1)(**OFF_BY_ONE)
wrong("count_is_length", generate, more=lambda count, t: count - t)(
    en="`count` is taken for the length of the whole: it says how many words are to be added.",
    zh="把 `count` 当成了总长度：它是要添加的词数。",
)
wrong("least_likely", generate, choose=lambda logits: logits.argmin(-1))(
    en="The least likely word is written.",
    zh="写的是最不可能的词。",
)
wrong(
    "highest_id",
    generate,
    choose=lambda logits: logits.shape[-1] - 1 - logits.flip(-1).argmax(-1),
)(
    en="Where logits are equal the highest id is taken: the lowest is asked for.",
    zh="logits 相等时取了最大的编号：要求取最小的。",
)
wrong("one_sentence_for_all", generate, choose=lambda x: x[:1].argmax(-1).expand(len(x)))(
    en="Every sentence gets the word of the first one.",
    zh="每个句子都得到了第一个句子的词。",
)
wrong("put_in_front", generate, append=lambda tokens, new: torch.cat([new, tokens], 1))(
    en="New words are put in front of the others.",
    zh="新词放到了最前面。",
)
wrong("overwritten", generate, append=lambda tokens, new: torch.cat([tokens[:, 1:], new], 1))(
    en="The sentence does not grow: for each word that is written one is lost.",
    zh="句子没有变长：每写一个词就丢掉一个词。",
)
wrong("steps_first", generate, written=lambda tokens, t: tokens.mT)(
    en="Words come before sentences: (N, T + count) is asked for.",
    zh="词的轴排在了句子之前：要求的形状是 (N, T + count)。",
)


@mistake(
    "generate",
    "one_pass",
    en="All words were taken from one pass over the beginnings. A word's logits are made from the "
    "words before it, and those are not written yet.",
    zh="所有词都取自对开头的一遍计算。一个词的 logits 由它前面的词算出，而那些词还没有写出来。",
)
def generate_in_one_pass(tokens, params, count):
    return torch.cat([tokens, next_words(tokens, params).argmax(-1)[:, -count:]], 1)


for _anew in (positions, lambda t, d: positions(1, d).expand(t, -1)):
    wrong("positions_restart", generate, anew=_anew)(
        en="What is written stands at positions counted from 0 again: the first new word's "
        "position comes after the last one of the beginning.",
        zh="写出的词又从位置 0 数起：第一个新词的位置应接在开头的最后一个词之后。",
    )

# made so often that one program may make two
COMMON = """
sine_and_cosine_swapped not_interleaved positions_from_one wrong_exponent no_positions words_scaled
causal_ignored no_output_bias own_word_as_target last_has_target summed wrong_number softmax_twice
beginning_left_out not_read first_position off_by_one
""".split()
