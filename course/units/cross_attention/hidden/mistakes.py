"""Known mistakes of the unit `cross_attention`: a wrong look back, alone and in the decoder."""

import itertools
import math

import torch

from autograder.mistakes.entry import mistake, wrong


def attend(
    state,
    encoder_states,
    mask=None,
    *,
    query=lambda state: state,
    divisor=lambda state, encoder_states: math.sqrt(state.shape[-1]),
    read=lambda mask: mask,
    hide=lambda scores, mask: scores.masked_fill(~mask, -math.inf),
    normalise=torch.softmax,
    zeroed=True,
    mix=lambda w, state, s: torch.einsum("nt,nth->nh", w, s),
    result=lambda context, weights, state, encoder_states: (context, weights),
):
    scores = torch.einsum("nh,nth->nt", query(state), encoder_states)
    scores = scores / divisor(state, encoder_states)
    mask = torch.ones_like(scores, dtype=torch.bool) if mask is None else read(mask)
    weights = normalise(hide(scores, mask), -1)
    weights = weights.masked_fill(~mask, 0.0) if zeroed else weights
    return result(mix(weights, state, encoder_states), weights, state, encoder_states)


def _gru(x, h, params, side):
    w_x, w_h, b_x, b_h = (params[f"{side}_{name}"] for name in ("w_x", "w_h", "b_x", "b_h"))
    return torch.gru_cell(x, h, w_x.T, w_h.T, b_x, b_h)


def _encode(tokens, params):
    words = params["enc_embed"][tokens]
    states = [words.new_zeros(len(tokens), params["enc_w_h"].shape[0])]
    for word in words.unbind(1):
        states.append(_gru(word, states[-1], params, "enc"))
    return torch.stack(states[1:], 1)


def _last(states, lengths):
    return states[torch.arange(len(states), device=states.device), lengths - 1]


def _own(states, lengths):
    """True at a sentence's own words, (N, T)."""
    return torch.arange(states.shape[1], device=states.device) < lengths[:, None]


def _held(states, lengths):
    """The states, a sentence's last held to the end of the tensor."""
    times = torch.arange(states.shape[1], device=states.device).minimum(lengths[:, None] - 1)
    return states.gather(1, times[..., None].expand_as(states))


def _blank(states, lengths):
    """The states, with zeros at padding."""
    return states * _own(states, lengths)[..., None]


def decode_with_attention(
    tokens,
    lengths,
    params,
    start,
    end,
    max_length,
    *,
    padded=lambda states, lengths: states,
    first=_last,
    visible=lambda states, lengths, tokens: _own(states, lengths),
    look="before",
    inputs=lambda word, context: torch.cat([word, context], -1),
    fed_back=True,
    bias=True,
    fill=lambda token, ended, end: token.masked_fill(ended, end),
    heed=lambda ended: ended,
    stop=torch.all,
    more=0,
    written=lambda ids, alignment, start, end: (ids, alignment),
    **looking,
):
    """The slots of a decoder, and those of `attend`. more: words written at most.

    padded: the encoder's states, whose numbers at padding are anyone's own.
    look: with the state "before" the step, with the "first" one always, or with the "last" known
    before that, one step behind.
    """
    states = padded(_encode(tokens, params), lengths)
    state, mask = first(states, lengths), visible(states, lengths, tokens)
    token = torch.full(tokens.shape[:1], start, device=tokens.device)
    ended = torch.zeros_like(token, dtype=torch.bool)
    query, ids, rows = state, [], []
    while len(ids) < max_length + more and not stop(ended):
        context, row = attend(query, states, mask, **looking)
        word = params["dec_embed"][token if fed_back else torch.full_like(token, start)]
        old, state = state, _gru(inputs(word, context), state, params, "dec")
        query = {"before": state, "first": query, "last": old}[look]
        logits = state @ params["out_w"] + (params["out_b"] if bias else 0)
        token = fill(logits.argmax(-1), ended, end)
        ended = heed(ended | (token == end))
        ids.append(token)
        rows.append(row)
    return written(torch.stack(ids, 1), torch.stack(rows, 1), start, end)


DECODER = decode_with_attention
BOTH = (attend, DECODER)  # in the decoder, whose states are small, not all mistakes show

# scores and scaling


def _by_hand(largest=lambda scores, dim: scores.amax(dim, True), more=0.0):
    """A softmax made from its steps; more: added to the denominator."""

    def normalise(scores, dim):
        exponentials = (scores - largest(scores, dim)).exp()
        return exponentials / (exponentials.sum(dim, True) + more)

    return normalise


def _hard(weights, state, encoder_states):
    return encoder_states[torch.arange(len(state), device=state.device), weights.argmax(-1)]


def _scaled(context, weights, state, encoder_states):
    weights = weights / math.sqrt(state.shape[-1])
    return torch.einsum("nt,nth->nh", weights, encoder_states), weights


def _lengths(state, encoder_states):
    """Those of the query and of every key, as torch's cosine has them."""
    query, keys = (vectors.norm(dim=-1).clamp(min=1e-8) for vectors in (state, encoder_states))
    return query[:, None] * keys


wrong("cosine", *BOTH, divisor=_lengths)(
    en="The dot products are divided by the lengths of query and key, so these are cosines. What "
    "does √H divide?",
    zh="点积除以了 query 与 key 的长度，得到的是余弦。√H 除的应是什么？",
)
wrong("softmax_over_queries", *BOTH, normalise=lambda s, d: s[..., None].softmax(-1)[..., 0])(
    en="Every word weighs 1: the softmax ran over the queries, and there is one a sentence. Over "
    "which axis do the words stand? (With query and key exchanged it looks the same.)",
    zh="每个词的权重都是 1：softmax 沿 query 计算了，而每个句子只有一个 query。词排在哪个轴上？"
    "（query 和 key 弄反时也是这样。）",
)
wrong("first_query", *BOTH, query=lambda state: state[:1].expand_as(state))(
    en="One sentence's state asks in all sentences: a product of (N, H) and (N, H, T) pairs each "
    "state with each sentence. How does a state meet its own sentence alone?",
    zh="所有句子用的都是同一个句子的状态：(N, H) 与 (N, H, T) 相乘时，每个状态都会与每个句子配对。"
    "怎样让一个状态只遇到自己的句子？",
)
for _normalise in (lambda s, d: s.softmax(0), lambda s, d: s.ravel().softmax(0).view_as(s)):
    wrong("wrong_axis", *BOTH, normalise=_normalise)(
        en="The softmax runs over the wrong axis: the sentences of a batch compete with each "
        "other.",
        zh="softmax 沿错误的轴计算：批次中的句子在互相竞争。",
    )
wrong("no_scale", *BOTH, divisor=lambda state, s: 1.0)(
    en="The scores are not scaled. What would the dot products grow with, if it were left so?",
    zh="分数没有缩放。这样的话，点积会随着什么而增大？",
)
wrong("scale_by_d", *BOTH, divisor=lambda state, s: state.shape[-1])(
    en="The scores are divided by too much: the width itself is not its root.",
    zh="分数除得太多了：宽度本身并不是它的平方根。",
)
wrong("scale_by_length", *BOTH, divisor=lambda state, s: math.sqrt(s.shape[1]))(
    en="The divisor comes from the number of words. What do the dot products grow with?",
    zh="除数取自词的个数。点积是随什么增大的？",
)
wrong("float32_root", attend, divisor=lambda state, s: torch.sqrt(torch.tensor(state.shape[-1])))(
    en="The root has the digits of float32 only, whatever the scores have: PyTorch takes the root "
    "of a whole number in its default dtype. What takes it in Python's own precision?",
    zh="这个平方根只有 float32 的精度，与分数的精度无关：PyTorch 对整数开方时用的是默认 dtype。"
    "怎样按 Python 自己的精度来开方？",
)
wrong("no_max", attend, normalise=lambda s, d: s.exp() / s.exp().sum(d, True))(
    en="Large scores overflow and very small ones vanish. Your `softmax` of the unit `attention` "
    "knows what to do.",
    zh="很大的分数会溢出，很小的会变成零。单元 `attention` 里你的 `softmax` 知道该怎么办。",
)
wrong("max_over_everything", attend, normalise=_by_hand(lambda s, d: s.max()))(
    en="One maximum is taken from all sentences alike: where the scores lie far below it, nothing "
    "but zeros is left.",
    zh="所有句子减去的是同一个最大值：远低于它的那些句子只剩下零。",
)
wrong("epsilon", attend, normalise=_by_hand(more=1e-8))(
    en="A small number was added to the denominator, so the weights sum to a little less than 1.",
    zh="分母里加了一个很小的数，权重之和略小于 1。",
)
wrong("values_from_decoder", *BOTH, mix=lambda w, state, s: w.sum(-1, keepdim=True) * state)(
    en="The context is made from the decoder's own state. Whose states are the values?",
    zh="context 是由解码器自己的状态得到的。value 应该是谁的状态？",
)
NO_SUM = wrong("hard_attention", *BOTH, mix=_hard)(
    en="The weights sum to 1, but they did not make the context: it is another mix of states.",
    zh="权重之和为 1，但 context 并不是用它们混合出来的。",
)
wrong("mean_not_sum", *BOTH, mix=lambda w, state, s: s.mean(1))(**NO_SUM)
wrong("scale_after_softmax", *BOTH, divisor=lambda state, s: 1.0, result=_scaled)(
    en="The scaling comes after the softmax, so the weights no longer sum to 1.",
    zh="缩放放在了 softmax 之后，权重之和不再是 1。",
)

# the mask


def _lowest(scores, mask):
    return scores.masked_fill(~mask, torch.finfo(scores.dtype).min)


def _filled(*numbers):
    return [lambda scores, mask, n=n: scores.masked_fill(~mask, n) for n in numbers]


def _lowered(*numbers):
    return [lambda scores, mask, n=n: scores + (~mask).to(scores.dtype) * n for n in numbers]


wrong("mask_ignored", attend, hide=lambda s, m: s, zeroed=False)(
    en="Padding is attended to like any word: the mask has no effect.",
    zh="填充和普通的词一样被关注：掩码没有起作用。",
)
for _number in (-math.inf, -1e9, -1e30):
    wrong("mask_inverted", *BOTH, hide=lambda s, m, n=_number: s.masked_fill(m, n), zeroed=False)(
        en="The mask is read the wrong way round: True says that a word may be attended to.",
        zh="掩码用反了：True 表示可以关注这个词。",
    )
wrong("mask_inverted", *BOTH, read=torch.logical_not)(
    en="The mask is read the wrong way round: True says that a word may be attended to.",
    zh="掩码用反了：True 表示可以关注这个词。",
)
wrong("mask_after_softmax", *BOTH, hide=lambda s, m: s)(
    en="Padding was hidden after the softmax, so the other weights no longer sum to 1.",
    zh="softmax 之后才遮住填充，其余权重之和不再是 1。",
)


def _less_the_largest(scores, mask):
    return (scores - scores.amax(-1, True)).masked_fill(~mask, -math.inf)


def _largest_unless_hidden(scores, dim):
    """Nothing where _less_the_largest took it away."""
    return scores.amax(dim, True).masked_fill(scores.isneginf().any(dim, True), 0.0)


wrong(
    "max_of_hidden",
    attend,
    hide=_less_the_largest,
    normalise=[_by_hand(_largest_unless_hidden, more) for more in (0.0, 1e-300)],
)(
    en="The largest score is looked for among the hidden words, too. Where theirs is far above the "
    "others, every exponential that counts becomes 0. Of which scores must the maximum be taken?",
    zh="最大值把被遮住的词也算进去了。当它远大于其余分数时，真正算数的指数全部变成 0。"
    "最大值应该在哪些分数里取？",
)
wrong("fill_zero", *BOTH, hide=_filled(0.0, 1e-9), zeroed=False)(
    en="A hidden score became (almost) 0, and e⁰ is 1: padding still takes part. What must a score "
    "be so that its exponential is 0?",
    zh="被遮住的分数变成了（几乎）0，而 e⁰ = 1，填充仍然有份。分数应为多少，它的指数才是 0？",
)
TOO_SMALL = wrong("fill_too_small", *BOTH, hide=_filled(-10.0, -100.0), zeroed=False)(
    en="Hidden scores got a fixed negative number, and real scores can lie below it. What is below "
    "every score?",
    zh="被遮住的分数换成了一个固定的负数，而真实分数可能更低。什么数比任何分数都低？",
)
wrong("fill_too_small", attend, hide=_filled(-1e3), zeroed=False)(**TOO_SMALL)
for _zeroed in (True, False):
    wrong("fill_too_small", attend, hide=_lowered(-1e2, -1e3, -1e4), zeroed=_zeroed)(**TOO_SMALL)
wrong("mask_half_applied", *BOTH, result=lambda c, w, state, s: (c, attend(state, s)[1]))(
    en="The mask reaches the context, but the weights returned are those without it.",
    zh="掩码作用到了 context，返回的权重却没有经过掩码。",
)
for _seen in (lambda mask: mask.T, lambda mask: mask.any(0)):
    wrong("mask_wrong_axis", *BOTH, hide=lambda s, m, f=_seen: s.masked_fill(~f(m), -math.inf))(
        en="The mask lies on the wrong axis: entry [n, t] is about word t of sentence n.",
        zh="掩码用在了错误的轴上：[n, t] 说的是第 n 个句子的第 t 个词。",
    )
wrong("empty_row_nan", attend, zeroed=False)(
    en="Where nothing is to be seen all scores are -inf, and 0/0 is NaN, not a number. "
    "Both results should be zero there.",
    zh="什么都看不到时，所有分数都是 -inf，而 0/0 没有意义。此时两个结果都应为零。",
)
wrong(
    "empty_row_uniform",
    attend,
    hide=[_lowest, *_filled(-1e9, -1e10, -1e12, -1e20, -1e30)],
    zeroed=False,
)(
    en="Where nothing is to be seen all hidden words share the weight. Both results should be zero "
    "there.",
    zh="什么都看不到时，被遮住的词平分了权重。此时两个结果都应为零。",
)
wrong("results_swapped", attend, result=lambda c, w, state, s: (w, c))(
    en="Context and weights came back in each other's place.",
    zh="context 和权重的返回顺序颠倒了。",
)


@mistake(
    "attend",
    "no_query_axis",
    en="All sentences' states became queries to every sentence. Each asks its own sentence only: "
    "which axis is missing from (N, H)?",
    zh="所有句子的状态都成了每个句子的 query。每个状态只问自己的句子：(N, H) 缺少哪个轴？",
)
def attend_with_all(state, encoder_states, mask=None):
    scores = state @ encoder_states.mT / math.sqrt(state.shape[-1])
    if mask is None:
        weights = scores.softmax(-1)
    else:
        hidden = ~mask[:, None]
        weights = scores.masked_fill(hidden, torch.finfo(scores.dtype).min).softmax(-1)
        weights = weights.masked_fill(hidden, 0.0)
    return weights @ encoder_states, weights


@mistake(
    "attend",
    "mask_without_axis",
    en="The mask is (N, T), the scores are (N, 1, T): lined up from the right, its sentences meet "
    "the queries' axis. Which axis is missing?",
    zh="掩码是 (N, T)，分数是 (N, 1, T)：从右对齐时，掩码的句子轴对上了 query 的轴。缺少的是哪个"
    "轴？",
)
def attend_mask_without_axis(state, encoder_states, mask=None):
    scores = state[:, None] @ encoder_states.mT / math.sqrt(state.shape[-1])
    if mask is not None:
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    weights = scores.softmax(-1)
    weights = weights if mask is None else weights.masked_fill(~mask, 0.0)
    return (weights @ encoder_states).squeeze(1), weights.squeeze(1)


wrong("residual", attend, result=lambda c, w, state, s: (c + state, w))(
    en="The query is added to the context, as a Transformer does around this layer.",
    zh="把 query 加到了上下文上（Transformer 在这一层之外才这样做）。",
)
wrong("query_axis_kept", attend, result=lambda c, w, state, s: (c[:, None], w[:, None]))(
    en="The axis of the one query is still there: (N, H) and (N, T) are asked for.",
    zh="那个唯一的 query 的轴还留着：要求的形状是 (N, H) 和 (N, T)。",
)
wrong("squeezed", attend, result=lambda c, w, state, s: (c.squeeze(), w.squeeze()))(
    en="With a single sentence, or a single word, an axis of size 1 is gone that should stay. "
    "Which of the axes does your `squeeze` mean?",
    zh="只有一个句子或一个词时，本该保留的大小为 1 的轴消失了。你的 `squeeze` 指的是哪个轴？",
)

# the decoder

wrong("context_not_renewed", DECODER, look="first")(
    en="The context is the same at every step: what does the decoder want to see now, after the "
    "word it has just written?",
    zh="每一步的 context 都一样：写完刚才那个词之后，解码器现在想看什么？",
)
wrong("wrong_query", DECODER, look="last")(
    en="The query is not the state just before the step, but another one in time.",
    zh="query 不是这一步之前的那个状态，而是另一个时刻的状态。",
)
wrong("padding_is_zero", DECODER, visible=lambda s, n, tokens: tokens != 0)(
    en="The id 0 is taken for padding. It may be a word, and padding may be any id: what says how "
    "long a sentence is?",
    zh="把编号 0 当成了填充。它可能是一个词，而填充可能是任何编号：句子有多长由什么决定？",
)
for _to_dim in (
    lambda ids, a, *_: (ids.T, a.transpose(0, 1)),
    lambda ids, a, *_: (ids.T, a),
):
    wrong("steps_first", DECODER, written=_to_dim)(
        en="Steps come before sentences: the results are (N, L) and (N, L, T).",
        zh="步数排在了句子之前：结果的形状应是 (N, L) 和 (N, L, T)。",
    )


@mistake(
    "decode_with_attention",
    "query_after_step",
    en="The query is the state after the step, as Luong has it. Here the context is made before "
    "it, from the state before, and is a part of the step's input.",
    zh="query 用的是这一步之后的状态（Luong 的做法）。这里的 context 在这一步之前由之前的状态得到，"
    "并且是这一步输入的一部分。",
)
def decode_after_the_step(tokens, lengths, params, start, end, max_length):
    states = _encode(tokens, params)
    state, mask = _last(states, lengths), _own(states, lengths)
    token = torch.full(tokens.shape[:1], start, device=tokens.device)
    ended, context = torch.zeros_like(token, dtype=torch.bool), torch.zeros_like(state)
    ids, rows = [], []
    while len(ids) < max_length and not ended.all():
        word = torch.cat([params["dec_embed"][token], context], -1)
        state = _gru(word, state, params, "dec")
        context, row = attend(state, states, mask)
        logits = state @ params["out_w"] + params["out_b"]
        token = logits.argmax(-1).masked_fill(ended, end)
        ended = ended | (token == end)
        ids.append(token)
        rows.append(row)
    return torch.stack(ids, 1), torch.stack(rows, 1)


wrong("last_padded_state", DECODER, first=lambda s, n: s[:, -1])(
    en="The decoder starts from the state at the end of the tensor, which for a short sentence "
    "lies in the padding.",
    zh="解码器从张量末尾的状态开始，对短句来说那里是填充。",
)
wrong("mean_of_states", DECODER, first=lambda s, n: s.mean(1))(
    en="The decoder starts from a mean of states: which single one is asked for?",
    zh="解码器从多个状态的平均值开始：要求的是哪一个状态？",
)
wrong("zero_state", DECODER, first=lambda s, n: torch.zeros_like(s[:, 0]))(
    en="The decoder starts from a state of zeros. What does it know of the sentence at first?",
    zh="解码器从全零状态开始。一开始它对句子知道些什么？",
)
for _visible, _padded in itertools.product(
    (
        lambda s, n, tokens: None,
        lambda s, n, tokens: _own(s, (n + 1).clamp(max=s.shape[1])),
    ),
    (lambda s, n: s, _held, _blank),
):
    wrong("padding_seen", DECODER, visible=_visible, padded=_padded)(
        en="Padding is attended to: which words of the tensor are a sentence's own?",
        zh="填充也被关注了：张量中哪些词是句子自己的？",
    )
wrong("last_word_hidden", DECODER, visible=lambda s, n, tokens: _own(s, n - 1))(
    en="A sentence's own last word is hidden too: with n words, which indices are its own?",
    zh="句子自己的最后一个词也被遮住了：有 n 个词时，哪些下标属于它？",
)
wrong("no_context", DECODER, inputs=lambda word, c: torch.cat([word, torch.zeros_like(c)], -1))(
    en="What the decoder sees does not reach its input.",
    zh="解码器看到的内容没有进入它的输入。",
)
wrong("input_order", DECODER, inputs=lambda word, c: torch.cat([c, word], -1))(
    en="The two parts of a step's input stand in each other's place.",
    zh="每一步输入的两个部分前后颠倒了。",
)
wrong("word_not_fed_back", DECODER, fed_back=False)(
    en="Every step is given `start`: which word should it be told was written last?",
    zh="每一步输入的都是 `start`：应该告诉它上一个写出的是哪个词？",
)
wrong("no_output_bias", DECODER, bias=False)(
    en="The logits lack a part: which of the parameters has no effect?",
    zh="logits 少了一部分：哪个参数没有起作用？",
)
wrong("end_not_honoured", DECODER, heed=torch.zeros_like)(
    en="`end` has no effect: what is written after it, and when does decoding stop?",
    zh="`end` 没有起作用：在它之后还写了什么，解码何时停止？",
)
for _fill in (
    lambda token, ended, end: token,
    lambda token, ended, end: token.masked_fill(ended, 0),
):
    wrong("end_not_filled", DECODER, fill=_fill)(
        en="What stands after a sentence's `end` is not `end`: it waits for the others in silence.",
        zh="句子的 `end` 之后出现了别的词：等待其他句子时应保持什么？",
    )
wrong("never_stops", DECODER, stop=lambda ended: False)(
    en="Decoding goes on to max_length although all sentences have ended.",
    zh="所有句子都已结束，解码却继续到 max_length。",
)
wrong("stops_too_early", DECODER, stop=torch.any)(
    en="Decoding stops when the first sentence ends: the others are cut off.",
    zh="第一个句子一结束，解码就停止了：其他句子被截断。",
)


def _without_end(ids, alignment, start, end):
    if (ids[:, -1] == end).all():
        return ids[:, :-1], alignment[:, :-1]
    return ids, alignment


def _with_start(ids, alignment, start, end):
    return torch.cat([torch.full_like(ids[:, :1], start), ids], 1), alignment


wrong("end_left_out", DECODER, written=_without_end)(
    en="The last `end` is missing from the ids: it is a word that was written, too.",
    zh="ids 中缺少最后的 `end`：它也是写出的一个词。",
)
OFF_BY_ONE = wrong("off_by_one", DECODER, more=1)(
    en="One word too few or too many where no sentence ends: count how often the loop runs.",
    zh="当没有句子结束时，多写或少写了一个词：数一数循环了多少次。",
)
wrong("off_by_one", DECODER, written=lambda ids, a, *_: (ids[:, :-1], a[:, :-1]))(**OFF_BY_ONE)
wrong("alignment_late", DECODER, more=1, written=lambda ids, a, *_: (ids[:, :-1], a[:, 1:]))(
    en="Each row of the alignment belongs to the word after its own: with which weights was the "
    "context made that the word was written with?",
    zh="alignment 的每一行都属于下一个词：写出这个词时用的 context 是由哪些权重得到的？",
)
wrong("start_included", DECODER, written=_with_start)(
    en="`start` is among the ids: it was given, not written.",
    zh="ids 中混入了 `start`：它是给定的，不是写出来的。",
)
for _axes in ((1, 2), (0, 1)):
    wrong("alignment_axes", DECODER, written=lambda ids, a, *_, on=_axes: (ids, a.transpose(*on)))(
        en="The alignment's axes are not (N, L, T): sentence, word written, word looked at.",
        zh="alignment 的轴不是 (N, L, T)：句子、写出的词、被看的词。",
    )
wrong("alignment_missing", DECODER, written=lambda ids, *_: ids)(
    en="Only the ids came back: the alignment is asked for as well.",
    zh="只返回了 ids：alignment 也要返回。",
)


# made so often that one program may make two
COMMON = """
no_scale scale_by_d scale_by_length wrong_axis mask_ignored mask_inverted results_swapped
query_axis_kept squeezed context_not_renewed zero_state padding_seen input_order word_not_fed_back
no_output_bias end_not_filled never_stops stops_too_early start_included
""".split()
