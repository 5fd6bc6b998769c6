"""Known mistakes of the unit `seq2seq`: a wrong context, a wrong step, a wrong way to write."""

import torch

from autograder.mistakes.entry import mistake


def _mix(z, n, h):
    return (1 - z) * n + z * h


def _gru(x, h, w_x, w_h, b_x, b_h, mix=_mix, reset_first=False):
    """A step of the GRU."""
    width = h.shape[-1]
    x_r, x_z, x_n = (x @ w_x + b_x).chunk(3, -1)
    h_r, h_z, h_n = (h @ w_h + b_h).chunk(3, -1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    added = (r * h) @ w_h[:, 2 * width :] + b_h[2 * width :] if reset_first else r * h_n
    return mix(z, torch.tanh(x_n + added), h)


def _gru_mix_swapped(*args):
    return _gru(*args, mix=lambda z, n, h: z * n + (1 - z) * h)


def _gru_reset_first(*args):
    return _gru(*args, reset_first=True)


def _gru_forgetful(x, h, *weights):
    return _gru(x, torch.zeros_like(h), *weights)


def _gru_biases_swapped(x, h, w_x, w_h, b_x, b_h):
    return _gru(x, h, w_x, w_h, b_h, b_x)


def _gru_one_bias(x, h, w_x, w_h, b_x, b_h):
    return _gru(x, h, w_x, w_h, b_x, torch.zeros_like(b_h))


def _weights(params, side):
    return [params[f"{side}_{name}"] for name in ("w_x", "w_h", "b_x", "b_h")]


def _last(states, lengths, tokens):
    return states[torch.arange(len(states), device=states.device), lengths - 1]


def _encode(tokens, lengths, params, *, step=_gru, side="enc", pick=_last):
    """States and context from parts, any of which may be a wrong one."""
    words = params["enc_embed"][tokens]
    state = words.new_zeros(len(tokens), params["enc_w_h"].shape[0])
    states = []
    for t in range(tokens.shape[1]):
        state = step(words[:, t], state, *_weights(params, side))
        states.append(state)
    states = torch.stack(states, 1)
    return states, pick(states, lengths, tokens)


def _own(states, lengths):
    """True at a sentence's own words, (N, T, 1)."""
    return (torch.arange(states.shape[1], device=states.device) < lengths[:, None])[..., None]


def _joined(word, context):
    return torch.cat([word, context], -1)


def _decode(
    context,
    params,
    start,
    end,
    max_length,
    *,
    step=_gru,
    first=lambda context: context,
    inputs=_joined,
    heed=lambda ended: ended,
    fill=lambda token, ended, end: token.masked_fill(ended, end),
    stop=torch.all,
    choose=torch.argmax,
    bias=True,
    fed_back=True,
    kept=True,
    late=False,
):
    """Ids from parts, any of which may be a wrong one."""
    state = first(context)
    token = torch.full(context.shape[:1], start, device=context.device)
    ended = torch.zeros_like(token, dtype=torch.bool)
    ids = []
    while len(ids) < max_length and not stop(ended):
        before = token if fed_back else torch.full_like(token, start)
        old = state if kept else first(context)
        state = step(inputs(params["dec_embed"][before], context), old, *_weights(params, "dec"))
        logits = (old if late else state) @ params["out_w"] + (params["out_b"] if bias else 0)
        token = fill(choose(logits, -1), ended, end)
        ended = heed(ended | (token == end))
        ids.append(token)
    return torch.stack(ids, 1)


# encode

PADDED = {
    "en": "The context is the state at the end of the tensor, which for a short sentence lies in "
    "the padding. After which word is each sentence over?",
    "zh": "context 取的是张量末尾的状态，对短句来说那里是填充。每个句子在哪个词之后就结束了？",
}
MEAN = {
    "en": "The context mixes several states. A state already carries what was read before it: "
    "which single one is asked for?",
    "zh": "context 混合了多个状态。一个状态已经带着之前读过的内容：要求的是哪一个状态？",
}
OFF_BY_ONE = {
    "en": "The context is the state of a neighbouring word. At which index is the last of n words?",
    "zh": "context 取成了相邻那个词的状态。n 个词中最后一个的下标是多少？",
}
WRONG_AXIS = {
    "en": "Time is on the wrong axis of the states: (N, T, H) is asked for.",
    "zh": "states 的时间放在了错误的轴上：要求的形状是 (N, T, H)。",
}
REVERSED = {
    "en": "The sentence is read backwards: the first word comes first.",
    "zh": "句子被倒着读了：应该先读第一个词。",
}
GATES = {
    "en": "The step is not that of your unit `gates` as it should be: does `pytest test_gates.py` "
    "pass, and do the arguments of `gru_step` stand in its order?",
    "zh": "这一步与单元 `gates` 要求的不同：`pytest test_gates.py` 通过了吗？"
    "传给 `gru_step` 的参数顺序对吗？",
}
NO_MEMORY = {
    "en": "No step hands its state on: the network forgets each word at once.",
    "zh": "状态没有传给下一步：网络读一个词忘一个词。",
}


def _wrong_context(id, pick, *, en, zh):  # noqa: A002
    @mistake("encode", id, en=en, zh=zh)
    def encode(tokens, lengths, params):
        return _encode(tokens, lengths, params, pick=pick)


_wrong_context("last_padded_state", lambda s, n, t: s[:, -1], **PADDED)
_wrong_context("last_padded_state", lambda s, n, t: s[:, n.max() - 1], **PADDED)
_wrong_context("mean_of_states", lambda s, n, t: s.mean(1), **MEAN)
_wrong_context("mean_of_states", lambda s, n, t: (s * _own(s, n)).sum(1) / n[:, None], **MEAN)
_wrong_context("mean_of_states", lambda s, n, t: (s * _own(s, n)).sum(1), **MEAN)
_wrong_context("mean_of_states", lambda s, n, t: s.sum(1), **MEAN)
_wrong_context("mean_of_states", lambda s, n, t: s.amax(1), **MEAN)
_wrong_context("off_by_one", lambda s, n, t: _last(s, n - 1, t), **OFF_BY_ONE)
_wrong_context(
    "off_by_one", lambda s, n, t: _last(s, (n + 1).clamp(max=s.shape[1]), t), **OFF_BY_ONE
)
_wrong_context(
    "first_state",
    lambda s, n, t: s[:, 0],
    en="The context is the state after the first word. What has been read by then?",
    zh="context 取的是读完第一个词后的状态。那时读过了什么？",
)
_wrong_context(
    "other_sentence",
    lambda s, n, t: s[0, n - 1],
    en="All contexts come from the first sentence of the batch: each sentence has its own.",
    zh="所有 context 都取自批次中的第一个句子：每个句子应有自己的 context。",
)


def _wrong_step(id, *, en, zh, **parts):  # noqa: A002
    """Register a wrong step, in the encoder and in the decoder."""

    @mistake("encode", id, en=en, zh=zh)
    def encode(tokens, lengths, params):
        return _encode(tokens, lengths, params, **parts)

    @mistake("decode", id, en=en, zh=zh)
    def decode(context, params, start, end, max_length):
        return _decode(context, params, start, end, max_length, **parts)


_wrong_step("interpolation_swapped", step=_gru_mix_swapped, **GATES)
_wrong_step("reset_before_matmul", step=_gru_reset_first, **GATES)
_wrong_step("biases_swapped", step=_gru_biases_swapped, **GATES)
_wrong_step("no_bias", step=_gru_one_bias, **GATES)
_wrong_step("no_memory", step=_gru_forgetful, **NO_MEMORY)


@mistake("encode", "wrong_axis", **WRONG_AXIS)
def encode_time_first(tokens, lengths, params):
    states, context = _encode(tokens, lengths, params)
    return states.transpose(0, 1), context


@mistake("encode", "wrong_axis", **WRONG_AXIS)
def encode_reshaped(tokens, lengths, params):
    states, context = _encode(tokens, lengths, params)
    return states.transpose(0, 1).reshape(states.shape), context


@mistake("encode", "reversed_time", **REVERSED)
def encode_backwards(tokens, lengths, params):
    return _encode(tokens.flip(1), lengths, params)


@mistake("encode", "reversed_time", **REVERSED)
def encode_states_reversed(tokens, lengths, params):
    states, context = _encode(tokens, lengths, params)
    return states.flip(1), context


@mistake(
    "encode",
    "results_swapped",
    en="States and context came back in each other's place.",
    zh="states 和 context 的返回顺序颠倒了。",
)
def encode_swapped(tokens, lengths, params):
    return _encode(tokens, lengths, params)[::-1]


@mistake(
    "encode",
    "context_only",
    en="Only the context came back: the states on the way are asked for as well.",
    zh="只返回了 context：途中的所有状态也要返回。",
)
def encode_context_only(tokens, lengths, params):
    return _encode(tokens, lengths, params)[1]


@mistake(
    "encode",
    "wrong_parameters",
    en="One network uses the other's parameters: which prefix do the encoder's names have?",
    zh="用错了网络的参数：编码器的参数名以什么开头？",
)
def encode_as_the_decoder(tokens, lengths, params):
    mixed = params | {f"enc_{name}": params[f"dec_{name}"] for name in ("w_h", "b_x", "b_h")}
    return _encode(tokens, lengths, mixed)


# decode: what a step does


def _wrong_decode(id, *, en, zh, **parts):  # noqa: A002
    @mistake("decode", id, en=en, zh=zh)
    def decode(context, params, start, end, max_length):
        return _decode(context, params, start, end, max_length, **parts)


NO_CONTEXT = {
    "en": "The context does not reach every step's input; with time the decoder forgets what it "
    "is to say. What is the input made of?",
    "zh": "context 没有进入每一步的输入，解码器会渐渐忘记要说什么。输入由哪两部分组成？",
}
_wrong_decode("no_context", inputs=lambda w, c: _joined(w, torch.zeros_like(c)), **NO_CONTEXT)
_wrong_decode(
    "input_order",
    inputs=lambda w, c: _joined(c, w),
    en="The two parts of a step's input stand in each other's place.",
    zh="每一步输入的两个部分前后颠倒了。",
)
_wrong_decode(
    "zero_state",
    first=torch.zeros_like,
    en="The decoder starts from a state of zeros. What does it know of the sentence at first?",
    zh="解码器从全零状态开始。一开始它对句子知道些什么？",
)
_wrong_decode(
    "state_not_kept",
    kept=False,
    en="Every step starts from the first state again: nothing of what was written is remembered.",
    zh="每一步都重新从最初的状态开始：写过什么都没有记住。",
)
_wrong_decode(
    "word_not_fed_back",
    fed_back=False,
    en="Every step is given `start`: which word should it be told was written last?",
    zh="每一步输入的都是 `start`：应该告诉它上一个写出的是哪个词？",
)
_wrong_decode(
    "logits_before_step",
    late=True,
    en="The logits are made from the state before the step: the word just read has no part in it.",
    zh="logits 用的是这一步之前的状态：刚读入的词没有起作用。",
)
_wrong_decode(
    "no_output_bias",
    bias=False,
    en="The logits lack a part: which of the parameters has no effect?",
    zh="logits 少了一部分：哪个参数没有起作用？",
)
_wrong_decode(
    "least_likely",
    choose=torch.argmin,
    en="The word written is the least likely one.",
    zh="写出的是可能性最小的词。",
)

# decode: when it ends

NOT_HONOURED = {
    "en": "`end` has no effect: what is written after it, and when does decoding stop?",
    "zh": "`end` 没有起作用：在它之后还写了什么，解码何时停止？",
}
NOT_FILLED = {
    "en": "What stands after a sentence's `end` is not `end`: it waits for the others in silence.",
    "zh": "句子的 `end` 之后出现了别的词：等待其他句子时应保持什么？",
}
NEVER_STOPS = {
    "en": "Decoding goes on to max_length although all sentences have ended.",
    "zh": "所有句子都已结束，解码却继续到 max_length。",
}
TOO_EARLY = {
    "en": "Decoding stops when the first sentence ends: the others are cut off.",
    "zh": "第一个句子一结束，解码就停止了：其他句子被截断。",
}
END_LEFT_OUT = {
    "en": "The last `end` is missing from the ids: it is a word that was written, too.",
    "zh": "ids 中缺少最后的 `end`：它也是写出的一个词。",
}
START_INCLUDED = {
    "en": "`start` is among the ids: it was given, not written.",
    "zh": "ids 中混入了 `start`：它是给定的，不是写出来的。",
}
LENGTH_OFF = {
    "en": "One word too few or too many where no sentence ends: count how often the loop runs.",
    "zh": "当没有句子结束时，多写或少写了一个词：数一数循环了多少次。",
}


def _no(ended):
    return torch.zeros_like(ended)


_wrong_decode("end_not_honoured", heed=_no, **NOT_HONOURED)
_wrong_decode("end_not_filled", fill=lambda token, ended, end: token, **NOT_FILLED)
_wrong_decode(
    "end_not_filled", fill=lambda token, ended, end: token.masked_fill(ended, 0), **NOT_FILLED
)
_wrong_decode("never_stops", stop=lambda ended: False, **NEVER_STOPS)
_wrong_decode("stops_too_early", stop=torch.any, **TOO_EARLY)


@mistake("decode", "end_left_out", **END_LEFT_OUT)
def decode_without_end(context, params, start, end, max_length):
    ids = _decode(context, params, start, end, max_length)
    return ids[:, :-1] if (ids[:, -1] == end).all() else ids


@mistake("decode", "start_included", **START_INCLUDED)
def decode_with_start(context, params, start, end, max_length):
    ids = _decode(context, params, start, end, max_length)
    return torch.cat([torch.full_like(ids[:, :1], start), ids], 1)


@mistake("decode", "start_included", **START_INCLUDED)
def decode_with_start_for_a_word(context, params, start, end, max_length):
    return decode_with_start(context, params, start, end, max_length)[:, :max_length]


@mistake("decode", "off_by_one", **LENGTH_OFF)
def decode_one_more(context, params, start, end, max_length):
    return _decode(context, params, start, end, max_length + 1)


@mistake("decode", "off_by_one", **LENGTH_OFF)
def decode_one_less(context, params, start, end, max_length):
    return _decode(context, params, start, end, max_length)[:, : max_length - 1]


@mistake(
    "decode",
    "wrong_axis",
    en="Sentences and steps have changed places: the ids are (N, L).",
    zh="句子和步数的轴颠倒了：ids 的形状是 (N, L)。",
)
def decode_time_first(context, params, start, end, max_length):
    return _decode(context, params, start, end, max_length).T
