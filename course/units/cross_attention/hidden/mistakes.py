"""Known mistakes of the unit `cross_attention`: a wrong look back, alone and in the decoder."""

import math

import torch

from autograder.mistakes.entry import mistake


def _score(state, encoder_states):
    return torch.einsum("nh,nth->nt", state, encoder_states)


def _mix(weights, state, encoder_states):
    return torch.einsum("nt,nth->nh", weights, encoder_states)


def _attend(
    state,
    encoder_states,
    mask=None,
    *,
    score=_score,
    divisor=lambda state, encoder_states: math.sqrt(state.shape[-1]),
    softmax=torch.softmax,
    hide=lambda scores, mask: scores.masked_fill(~mask, -math.inf),
    finish=lambda weights, mask: weights.masked_fill(~mask, 0.0),
    mix=_mix,
):
    """Context and weights from parts, any of which may be a wrong one."""
    scores = score(state, encoder_states) / divisor(state, encoder_states)
    if mask is None:
        mask = torch.ones_like(scores, dtype=torch.bool)
    weights = finish(softmax(hide(scores, mask), -1), mask)
    return mix(weights, state, encoder_states), weights


def _gru(x, h, w_x, w_h, b_x, b_h):
    return torch.gru_cell(x, h, w_x.T, w_h.T, b_x, b_h)


def _weights(params, side):
    return [params[f"{side}_{name}"] for name in ("w_x", "w_h", "b_x", "b_h")]


def _encode(tokens, lengths, params):
    words = params["enc_embed"][tokens]
    state = words.new_zeros(len(tokens), params["enc_w_h"].shape[0])
    states = []
    for t in range(tokens.shape[1]):
        state = _gru(words[:, t], state, *_weights(params, "enc"))
        states.append(state)
    return torch.stack(states, 1)


def _last(states, lengths):
    return states[torch.arange(len(states), device=states.device), lengths - 1]


def _own(states, lengths):
    """True at a sentence's own words, (N, T)."""
    return torch.arange(states.shape[1], device=states.device) < lengths[:, None]


def _decode(
    tokens,
    lengths,
    params,
    start,
    end,
    max_length,
    *,
    attend=_attend,
    first=_last,
    visible=_own,
    look="before",
    inputs=lambda word, context: torch.cat([word, context], -1),
    heed=lambda ended: ended,
    fill=lambda token, ended, end: token.masked_fill(ended, end),
    stop=torch.all,
    fed_back=True,
    bias=True,
    states_of=lambda states: states,
):
    """Ids and alignment from parts, any of which may be a wrong one.

    look: with the state "before" the step, with the "first" one always, or with the "last" known
    before that, one step behind.
    """
    own = _encode(tokens, lengths, params)
    states, state, mask = states_of(own), first(own, lengths), visible(own, lengths)
    token = torch.full(tokens.shape[:1], start, device=tokens.device)
    ended = torch.zeros_like(token, dtype=torch.bool)
    query, ids, rows = state, [], []
    while len(ids) < max_length and not stop(ended):
        context, row = attend(query, states, mask)
        word = params["dec_embed"][token if fed_back else torch.full_like(token, start)]
        old, state = state, _gru(inputs(word, context), state, *_weights(params, "dec"))
        query = {"before": state, "first": query, "last": old}[look]
        logits = state @ params["out_w"] + (params["out_b"] if bias else 0)
        token = fill(logits.argmax(-1), ended, end)
        ended = heed(ended | (token == end))
        ids.append(token)
        rows.append(row)
    return torch.stack(ids, 1), torch.stack(rows, 1)


def _in_decoder(id, *, en, zh, **parts):  # noqa: A002
    """Register the decoder with wrong parts."""

    @mistake("decode_with_attention", id, en=en, zh=zh)
    def decode_with_attention(tokens, lengths, params, start, end, max_length):
        return _decode(tokens, lengths, params, start, end, max_length, **parts)


def _alone(id, *, en, zh, **parts):  # noqa: A002
    """Register attention with wrong parts. In the decoder, whose states are small, not all show."""

    @mistake("attend", id, en=en, zh=zh)
    def attend(state, encoder_states, mask=None):
        return _attend(state, encoder_states, mask, **parts)


def _in_both(id, *, en, zh, **parts):  # noqa: A002
    """Register attention with wrong parts, alone and in the decoder."""
    _alone(id, en=en, zh=zh, **parts)

    def wrong(state, encoder_states, mask):
        return _attend(state, encoder_states, mask, **parts)

    _in_decoder(id, en=en, zh=zh, attend=wrong)


# scores and scaling

ONE_QUERY = {
    "en": "Every word weighs 1: the softmax ran over the queries, and there is one a sentence. "
    "Over which axis do the words stand? (With query and key exchanged it looks the same.)",
    "zh": "每个词的权重都是 1：softmax 沿 query 计算了，而每个句子只有一个 query。"
    "词排在哪个轴上？（query 和 key 弄反时也是这样。）",
}
WRONG_AXIS = {
    "en": "The softmax runs over the wrong axis: the sentences of a batch compete with each other.",
    "zh": "softmax 沿错误的轴计算：批次中的句子在互相竞争。",
}
SCALE_BY_D = {
    "en": "The scores are divided by too much: the width itself is not its root.",
    "zh": "分数除得太多了：宽度本身并不是它的平方根。",
}
SCALE_BY_LENGTH = {
    "en": "The divisor comes from the number of words. What do the dot products grow with?",
    "zh": "除数取自词的个数。点积是随什么增大的？",
}
SCALED_WEIGHTS = {
    "en": "The scaling comes after the softmax, so the weights no longer sum to 1.",
    "zh": "缩放放在了 softmax 之后，权重之和不再是 1。",
}
VALUES = {
    "en": "The context is made from the decoder's own state. Whose states are the values?",
    "zh": "context 是由解码器自己的状态得到的。value 应该是谁的状态？",
}
NO_SUM = {
    "en": "The weights sum to 1, but they did not make the context: it is another mix of states.",
    "zh": "权重之和为 1，但 context 并不是用它们混合出来的。",
}


def _ones(scores, dim):
    return torch.softmax(scores[..., None], -1)[..., 0]


def _over_the_batch(scores, dim):
    return torch.softmax(scores, 0)


def _over_everything(scores, dim):
    return torch.softmax(scores.flatten(), 0).view_as(scores)


def _no_max(scores, dim):
    return scores.exp() / scores.exp().sum(dim, keepdim=True)


def _max_over_everything(scores, dim):
    exponentials = (scores - scores.max()).exp()
    return exponentials / exponentials.sum(dim, keepdim=True)


def _epsilon(scores, dim):
    exponentials = (scores - scores.amax(dim, keepdim=True)).exp()
    return exponentials / (exponentials.sum(dim, keepdim=True) + 1e-8)


def _hard(weights, state, encoder_states):
    return encoder_states[torch.arange(len(state), device=state.device), weights.argmax(-1)]


_in_both("softmax_over_queries", **ONE_QUERY, softmax=_ones)
_in_both("wrong_axis", **WRONG_AXIS, softmax=_over_the_batch)
_in_both("wrong_axis", **WRONG_AXIS, softmax=_over_everything)
_in_both(
    "no_scale",
    en="The scores are not scaled. What would the dot products grow with, if it were left so?",
    zh="分数没有缩放。这样的话，点积会随着什么而增大？",
    divisor=lambda state, encoder_states: 1.0,
)
_in_both("scale_by_d", **SCALE_BY_D, divisor=lambda state, encoder_states: state.shape[-1])
_in_both(
    "scale_by_length",
    **SCALE_BY_LENGTH,
    divisor=lambda state, encoder_states: math.sqrt(encoder_states.shape[1]),
)
_alone(
    "float32_root",
    en="The root has the digits of float32 only, whatever the scores have: PyTorch takes the root "
    "of a whole number in its default dtype. What takes it in Python's own precision?",
    zh="这个平方根只有 float32 的精度，与分数的精度无关：PyTorch 对整数开方时用的是默认 dtype。"
    "怎样按 Python 自己的精度来开方？",
    divisor=lambda state, encoder_states: torch.sqrt(torch.tensor(state.shape[-1])),
)
_alone(
    "no_max",
    softmax=_no_max,
    en="Large scores overflow and very small ones vanish. Your `softmax` of the unit `attention` "
    "knows what to do.",
    zh="很大的分数会溢出，很小的会变成零。单元 `attention` 里你的 `softmax` 知道该怎么办。",
)
_alone(
    "max_over_everything",
    softmax=_max_over_everything,
    en="One maximum is taken from all sentences alike: where the scores lie far below it, nothing "
    "but zeros is left.",
    zh="所有句子减去的是同一个最大值：远低于它的那些句子只剩下零。",
)
_alone(
    "epsilon",
    softmax=_epsilon,
    en="A small number was added to the denominator, so the weights sum to a little less than 1.",
    zh="分母里加了一个很小的数，权重之和略小于 1。",
)
_in_both("values_from_decoder", **VALUES, mix=lambda w, state, s: w.sum(-1, keepdim=True) * state)
_in_both("hard_attention", **NO_SUM, mix=_hard)
_in_both("mean_not_sum", **NO_SUM, mix=lambda w, state, s: s.mean(1))


def _scaled_weights(state, encoder_states, mask=None):
    _, weights = _attend(state, encoder_states, mask, divisor=lambda state, encoder_states: 1.0)
    weights = weights / math.sqrt(state.shape[-1])
    return _mix(weights, state, encoder_states), weights


mistake("attend", "scale_after_softmax", **SCALED_WEIGHTS)(_scaled_weights)
_in_decoder("scale_after_softmax", **SCALED_WEIGHTS, attend=_scaled_weights)

# the mask

MASK_IGNORED = {
    "en": "Padding is attended to like any word: the mask has no effect.",
    "zh": "填充和普通的词一样被关注：掩码没有起作用。",
}
FILL_ZERO = {
    "en": "A hidden score became (almost) 0, and e⁰ is 1: padding still takes part. What must a "
    "score be so that its exponential is 0?",
    "zh": "被遮住的分数变成了（几乎）0，而 e⁰ = 1，填充仍然有份。分数应为多少，它的指数才是 0？",
}
FILL_TOO_SMALL = {
    "en": "Hidden scores got a fixed negative number, and real scores can lie below it. What is "
    "below every score?",
    "zh": "被遮住的分数换成了一个固定的负数，而真实分数可能更低。什么数比任何分数都低？",
}
MASK_AXIS = {
    "en": "The mask lies on the wrong axis: entry [n, t] is about word t of sentence n.",
    "zh": "掩码用在了错误的轴上：[n, t] 说的是第 n 个句子的第 t 个词。",
}


def _kept(weights, mask):
    return weights


def _unhidden(scores, mask):
    return scores


def _filled(number):
    return lambda scores, mask: scores.masked_fill(~mask, number)


_in_both("mask_ignored", **MASK_IGNORED, hide=_unhidden, finish=_kept)
_in_both(
    "mask_inverted",
    en="The mask is read the wrong way round: True says that a word may be attended to.",
    zh="掩码用反了：True 表示可以关注这个词。",
    hide=lambda scores, mask: scores.masked_fill(mask, -math.inf),
    finish=_kept,
)
_in_both(
    "mask_after_softmax",
    en="Padding was hidden after the softmax, so the other weights no longer sum to 1.",
    zh="softmax 之后才遮住填充，其余权重之和不再是 1。",
    hide=_unhidden,
)
for _number in (0.0, 1e-9):
    _in_both("fill_zero", **FILL_ZERO, hide=_filled(_number), finish=_kept)
for _number in (-10.0, -100.0):
    _in_both("fill_too_small", **FILL_TOO_SMALL, hide=_filled(_number), finish=_kept)
_alone("fill_too_small", **FILL_TOO_SMALL, hide=_filled(-1e3), finish=_kept)
MASK_HALF = {
    "en": "The mask reaches the context, but the weights returned are those without it.",
    "zh": "掩码作用到了 context，返回的权重却没有经过掩码。",
}


def _half_masked(state, encoder_states, mask=None):
    context, _ = _attend(state, encoder_states, mask)
    return context, _attend(state, encoder_states)[1]


mistake("attend", "mask_half_applied", **MASK_HALF)(_half_masked)
_in_decoder("mask_half_applied", **MASK_HALF, attend=_half_masked)
_in_both("mask_wrong_axis", **MASK_AXIS, hide=lambda s, m: s.masked_fill(~m.T, -math.inf))
_in_both("mask_wrong_axis", **MASK_AXIS, hide=lambda s, m: s.masked_fill(~m.any(0), -math.inf))


@mistake(
    "attend",
    "empty_row_nan",
    en="Where nothing is to be seen all scores are -inf, and 0/0 is no number. Both results should "
    "be zero there.",
    zh="什么都看不到时，所有分数都是 -inf，而 0/0 没有意义。此时两个结果都应为零。",
)
def attend_nan(state, encoder_states, mask=None):
    return _attend(state, encoder_states, mask, finish=_kept)


@mistake(
    "attend",
    "empty_row_uniform",
    en="Where nothing is to be seen all hidden words share the weight. Both results should be "
    "zero there.",
    zh="什么都看不到时，被遮住的词平分了权重。此时两个结果都应为零。",
)
def attend_uniform(state, encoder_states, mask=None):
    return _attend(state, encoder_states, mask, hide=_filled(-1e30), finish=_kept)


@mistake(
    "attend",
    "results_swapped",
    en="Context and weights came back in each other's place.",
    zh="context 和权重的返回顺序颠倒了。",
)
def attend_swapped(state, encoder_states, mask=None):
    return _attend(state, encoder_states, mask)[::-1]


ONE_AXIS = {
    "en": "The axis of the one query is still there: (N, H) and (N, T) are asked for.",
    "zh": "那个唯一的 query 的轴还留着：要求的形状是 (N, H) 和 (N, T)。",
}
SQUEEZED = {
    "en": "With a single sentence, or a single word, an axis of size 1 is gone that should stay. "
    "Which of the axes does your `squeeze` mean?",
    "zh": "只有一个句子或一个词时，本该保留的大小为 1 的轴消失了。你的 `squeeze` 指的是哪个轴？",
}


@mistake("attend", "query_axis_kept", **ONE_AXIS)
def attend_unsqueezed(state, encoder_states, mask=None):
    context, weights = _attend(state, encoder_states, mask)
    return context[:, None], weights[:, None]


@mistake("attend", "squeezed", **SQUEEZED)
def attend_squeezed(state, encoder_states, mask=None):
    context, weights = _attend(state, encoder_states, mask)
    return context.squeeze(), weights.squeeze()


# the decoder

NOT_RENEWED = {
    "en": "The context is the same at every step: what does the decoder want to see now, after "
    "the word it has just written?",
    "zh": "每一步的 context 都一样：写完刚才那个词之后，解码器现在想看什么？",
}
LATE = {
    "en": "The query is not the state just before the step, but another one in time.",
    "zh": "query 不是这一步之前的那个状态，而是另一个时刻的状态。",
}
PADDED = {
    "en": "The decoder starts from the state at the end of the tensor, which for a short sentence "
    "lies in the padding.",
    "zh": "解码器从张量末尾的状态开始，对短句来说那里是填充。",
}
SEES_PADDING = {
    "en": "Padding is attended to: which words of the tensor are a sentence's own?",
    "zh": "填充也被关注了：张量中哪些词是句子自己的？",
}
_in_decoder("context_not_renewed", **NOT_RENEWED, look="first")
_in_decoder("wrong_query", **LATE, look="last")
_in_decoder("last_padded_state", **PADDED, first=lambda states, lengths: states[:, -1])
_in_decoder(
    "mean_of_states",
    en="The decoder starts from a mean of states: which single one is asked for?",
    zh="解码器从多个状态的平均值开始：要求的是哪一个状态？",
    first=lambda states, lengths: states.mean(1),
)
_in_decoder(
    "zero_state",
    en="The decoder starts from a state of zeros. What does it know of the sentence at first?",
    zh="解码器从全零状态开始。一开始它对句子知道些什么？",
    first=lambda states, lengths: torch.zeros_like(states[:, 0]),
)
_in_decoder("padding_seen", **SEES_PADDING, visible=lambda states, lengths: None)
_in_decoder(
    "padding_seen",
    **SEES_PADDING,
    visible=lambda states, lengths: _own(states, (lengths + 1).clamp(max=states.shape[1])),
)
_in_decoder(
    "last_word_hidden",
    en="A sentence's own last word is hidden too: with n words, which indices are its own?",
    zh="句子自己的最后一个词也被遮住了：有 n 个词时，哪些下标属于它？",
    visible=lambda states, lengths: _own(states, lengths - 1),
)
_in_decoder(
    "no_context",
    en="What the decoder sees does not reach its input.",
    zh="解码器看到的内容没有进入它的输入。",
    inputs=lambda word, context: torch.cat([word, torch.zeros_like(context)], -1),
)
_in_decoder(
    "input_order",
    en="The two parts of a step's input stand in each other's place.",
    zh="每一步输入的两个部分前后颠倒了。",
    inputs=lambda word, context: torch.cat([context, word], -1),
)
_in_decoder(
    "word_not_fed_back",
    en="Every step is given `start`: which word should it be told was written last?",
    zh="每一步输入的都是 `start`：应该告诉它上一个写出的是哪个词？",
    fed_back=False,
)
_in_decoder(
    "no_output_bias",
    en="The logits lack a part: which of the parameters has no effect?",
    zh="logits 少了一部分：哪个参数没有起作用？",
    bias=False,
)
_in_decoder(
    "end_not_honoured",
    en="`end` has no effect: what is written after it, and when does decoding stop?",
    zh="`end` 没有起作用：在它之后还写了什么，解码何时停止？",
    heed=torch.zeros_like,
)
for _fill in (
    lambda token, ended, end: token,
    lambda token, ended, end: token.masked_fill(ended, 0),
):
    _in_decoder(
        "end_not_filled",
        en="What stands after a sentence's `end` is not `end`: it waits for the others in silence.",
        zh="句子的 `end` 之后出现了别的词：等待其他句子时应保持什么？",
        fill=_fill,
    )
_in_decoder(
    "never_stops",
    en="Decoding goes on to max_length although all sentences have ended.",
    zh="所有句子都已结束，解码却继续到 max_length。",
    stop=lambda ended: False,
)
_in_decoder(
    "stops_too_early",
    en="Decoding stops when the first sentence ends: the others are cut off.",
    zh="第一个句子一结束，解码就停止了：其他句子被截断。",
    stop=torch.any,
)


def _after(id, change, *, en, zh, more=0):  # noqa: A002
    """Register a decoder whose results are changed; it writes `more` words at most."""

    @mistake("decode_with_attention", id, en=en, zh=zh)
    def decode_with_attention(tokens, lengths, params, start, end, max_length):
        written = _decode(tokens, lengths, params, start, end, max_length + more)
        return change(*written, start, end)


END_LEFT_OUT = {
    "en": "The last `end` is missing from the ids: it is a word that was written, too.",
    "zh": "ids 中缺少最后的 `end`：它也是写出的一个词。",
}
OFF_BY_ONE = {
    "en": "One word too few or too many where no sentence ends: count how often the loop runs.",
    "zh": "当没有句子结束时，多写或少写了一个词：数一数循环了多少次。",
}
ALIGNMENT_AXES = {
    "en": "The alignment's axes are not (N, L, T): sentence, word written, word looked at.",
    "zh": "alignment 的轴不是 (N, L, T)：句子、写出的词、被看的词。",
}


def _without_end(ids, alignment, start, end):
    if (ids[:, -1] == end).all():
        return ids[:, :-1], alignment[:, :-1]
    return ids, alignment


_after("end_left_out", _without_end, **END_LEFT_OUT)
_after("off_by_one", lambda ids, alignment, start, end: (ids, alignment), **OFF_BY_ONE, more=1)
_after("off_by_one", lambda ids, a, start, end: (ids[:, :-1], a[:, :-1]), **OFF_BY_ONE)
_after(
    "alignment_late",
    lambda ids, a, start, end: (ids[:, :-1], a[:, 1:]),
    en="Each row of the alignment belongs to the word after its own: with which weights was the "
    "context made that the word was written with?",
    zh="alignment 的每一行都属于下一个词：写出这个词时用的 context 是由哪些权重得到的？",
    more=1,
)
_after(
    "start_included",
    lambda ids, a, start, end: (torch.cat([torch.full_like(ids[:, :1], start), ids], 1), a),
    en="`start` is among the ids: it was given, not written.",
    zh="ids 中混入了 `start`：它是给定的，不是写出来的。",
)
_after("alignment_axes", lambda ids, a, start, end: (ids, a.mT), **ALIGNMENT_AXES)
_after("alignment_axes", lambda ids, a, start, end: (ids, a.transpose(0, 1)), **ALIGNMENT_AXES)
_after(
    "alignment_missing",
    lambda ids, alignment, start, end: ids,
    en="Only the ids came back: the alignment is asked for as well.",
    zh="只返回了 ids：alignment 也要返回。",
)
