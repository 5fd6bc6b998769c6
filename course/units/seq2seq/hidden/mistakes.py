"""Known mistakes of the unit `seq2seq`: a wrong context, a wrong step, a wrong way to write."""

import torch

from autograder.mistakes.entry import wrong


def _gru(
    x,
    h,
    params,
    side,
    *,
    old=lambda h: h,
    biases=lambda b_x, b_h: (b_x, b_h),
    reset_first=False,
    mix=lambda z, n, h: (1 - z) * n + z * h,
):
    """A step of the GRU of one side, "enc" or "dec"."""
    w_x, w_h, *b = (params[f"{side}_{name}"] for name in ("w_x", "w_h", "b_x", "b_h"))
    h, width, (b_x, b_h) = old(h), h.shape[-1], biases(*b)
    x_r, x_z, x_n = (x @ w_x + b_x).chunk(3, -1)
    h_r, h_z, h_n = (h @ w_h + b_h).chunk(3, -1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    added = (r * h) @ w_h[:, 2 * width :] + b_h[2 * width :] if reset_first else r * h_n
    return mix(z, torch.tanh(x_n + added), h)


def _but_zeros(new, old, ids):
    """The new state but where the id is 0."""
    return torch.where((ids != 0)[:, None], new, old)


def _last(states, lengths):
    return states[torch.arange(len(states), device=states.device), lengths - 1]


def encode(
    tokens,
    lengths,
    params,
    *,
    padding=lambda tokens, lengths: tokens,
    read=lambda tokens: tokens,
    counted=lambda tokens, lengths: lengths,
    named=lambda params: params,
    order=lambda lengths: torch.arange(len(lengths)),
    first=torch.zeros_like,
    kept=lambda new, old, ids: new,
    pick=_last,
    upto=lambda states, lengths: states,
    result=lambda states, context: (states, context),
    **step,
):
    """The slots of an encoder, and those of a step.

    padding: the ids, with others there. counted: the lengths that count. order: of the sentences.
    kept: the state after a step.
    pick: the context, of all states.
    upto: those of the states that come back.
    """
    lengths = counted(tokens, lengths)
    tokens, lengths = tokens[order(lengths)], lengths[order(lengths)]
    tokens = padding(tokens, lengths)
    words = params["enc_embed"][read(tokens)]
    state = first(words.new_zeros(len(words), params["enc_w_h"].shape[0]))
    states = []
    for word, ids in zip(words.unbind(1), tokens.unbind(1), strict=True):
        state = kept(_gru(word, state, named(params), "enc", **step), state, ids)
        states.append(state)
    states = torch.stack(states, 1)
    return result(upto(states, lengths), pick(states, lengths))


def decode(
    context,
    params,
    start,
    end,
    max_length,
    *,
    first=lambda context: context,
    inputs=lambda word, context: torch.cat([word, context], -1),
    moving=lambda context, state: context,
    embedding="dec_embed",
    fed_back=True,
    kept=True,
    late=False,
    bias=True,
    choose=torch.argmax,
    fill=lambda token, ended, end: token.masked_fill(ended, end),
    heed=torch.logical_or,
    stop=torch.all,
    more=0,
    result=lambda ids, start, end, most: ids,
    **step,
):
    """The slots of a decoder, and those of a step. more: words written at most."""
    state = first(context)
    token = torch.full(context.shape[:1], start, device=context.device)
    ended = torch.zeros_like(token, dtype=torch.bool)
    ids = []
    while len(ids) < max_length + more and not stop(ended):
        before = params[embedding][token if fed_back else torch.full_like(token, start)]
        old = state if kept else first(context)
        state = _gru(inputs(before, moving(context, old)), old, params, "dec", **step)
        logits = (old if late else state) @ params["out_w"] + (params["out_b"] if bias else 0)
        token = fill(choose(logits, -1), ended, end)
        ended = heed(ended, token == end)
        ids.append(token)
    return result(torch.stack(ids, 1), start, end, max_length)


# encode


def _own(states, lengths):
    """The states of a sentence's own words, zeros after them."""
    own = torch.arange(states.shape[1], device=states.device) < lengths[:, None]
    return states * own[..., None]


def _one_more(states, lengths):
    return _last(states, (lengths + 1).clamp(max=states.shape[1]))


def _held(states, lengths):
    """The states, that at the index `lengths` held to the end."""
    times = torch.arange(states.shape[1], device=states.device).minimum(lengths[:, None])
    return states.gather(1, times[..., None].expand_as(states))


def _zeros_at_padding(tokens, lengths):
    return _own(tokens[..., None], lengths)[..., 0]


PADDINGS = [lambda tokens, lengths: tokens, _zeros_at_padding]
ENDS = [lambda s, n: s[:, -1], lambda s, n: s[:, n.max() - 1]]
wrong("last_padded_state", encode, padding=PADDINGS, pick=ENDS)(
    en="The context is the state at the end of the tensor, which for a short sentence lies in the "
    "padding. After which word is each sentence over?",
    zh="context 取的是张量末尾的状态，对短句来说那里是填充。每个句子在哪个词之后就结束了？",
)
for _pick in (
    lambda s, n: s.mean(1),
    lambda s, n: _own(s, n).sum(1) / n[:, None],
    lambda s, n: _own(s, n).sum(1),
    lambda s, n: s.sum(1),
    lambda s, n: s.amax(1),
):
    wrong("mean_of_states", encode, pick=_pick)(
        en="The context mixes several states. A state already carries what was read before it: "
        "which single one is asked for?",
        zh="context 混合了多个状态。一个状态已经带着之前读过的内容：要求的是哪一个状态？",
    )
for _slots in (
    {"pick": lambda s, n: _last(s, n - 1)},
    {"pick": _one_more},
    {"pick": _one_more, "upto": _held},
    {"pick": _one_more, "padding": _zeros_at_padding},
):
    wrong("off_by_one", encode, **_slots)(
        en="The context is the state of a neighbouring word. At which index is the last of n "
        "words?",
        zh="context 取成了相邻那个词的状态。n 个词中最后一个的下标是多少？",
    )
wrong("first_state", encode, pick=lambda s, n: s[:, 0])(
    en="The context is the state after the first word. What has been read by then?",
    zh="context 取的是读完第一个词后的状态。那时读过了什么？",
)
wrong("off_by_one", encode, pick=lambda s, n: _last(s, n + 1))(
    en="The context is the state after the last word, and for the longest sentence there is none. "
    "At which index is the last of n words?",
    zh="context 取的是最后一个词之后的状态，最长的句子并没有这个状态。n 个词中最后一个的下标是多"
    "少？",
)
wrong("all_pairs", encode, pick=lambda s, n: s[:, n - 1])(
    en="Every sentence got the states of all the sentences' last words. An index for both axes "
    "goes through them side by side.",
    zh="每个句子都取了所有句子末词位置的状态。两个轴都给出下标时，才会成对地取。",
)
PADDING = wrong(
    "padding_is_zero", encode, padding=PADDINGS, kept=_but_zeros, pick=lambda s, n: s[:, -1]
)(
    en="The id 0 is taken for padding. It may be a word, and padding may be any id: what says how "
    "long a sentence is?",
    zh="把编号 0 当成了填充。它可能是一个词，而填充可能是任何编号：句子有多长由什么决定？",
)
wrong("padding_is_zero", encode, counted=lambda tokens, n: (tokens != 0).sum(1))(**PADDING)
AFTER = [lambda s, n: s, lambda s, n: _held(s, n - 1), _own]  # whatever stands at padding
wrong("batch_sorted", encode, order=lambda n: n.sort(descending=True).indices, upto=AFTER)(
    en="The sentences come back in another order: the batch was sorted by length and not put back.",
    zh="句子返回的顺序变了：批次按长度排序之后没有恢复原来的顺序。",
)
wrong("first_state_ones", encode, first=torch.ones_like, upto=AFTER)(
    en="The walk starts from ones: which state stands before the first word?",
    zh="从全 1 的状态开始了：读第一个词之前的状态应是什么？",
)
wrong("other_sentence", encode, pick=lambda s, n: s[0, n - 1])(
    en="All contexts come from the first sentence of the batch: each sentence has its own.",
    zh="所有 context 都取自批次中的第一个句子：每个句子应有自己的 context。",
)

# a step, in either network

GATES = wrong("interpolation_swapped", encode, decode, mix=lambda z, n, h: z * n + (1 - z) * h)(
    en="The step is not that of your unit `gates` as it should be: does `pytest test_gates.py` "
    "pass, and do the arguments of `gru_step` stand in its order?",
    zh="这一步与单元 `gates` 要求的不同：`pytest test_gates.py` 通过了吗？"
    "传给 `gru_step` 的参数顺序对吗？",
)
wrong("reset_before_matmul", encode, decode, reset_first=True)(**GATES)
wrong("biases_swapped", encode, decode, biases=lambda b_x, b_h: (b_h, b_x))(**GATES)
wrong("no_bias", encode, decode, biases=lambda b_x, b_h: (b_x, torch.zeros_like(b_h)))(**GATES)
for _name, _step in (
    ("interpolation_swapped", {"mix": lambda z, n, h: z * n + (1 - z) * h}),
    ("reset_before_matmul", {"reset_first": True}),
    ("biases_swapped", {"biases": lambda b_x, b_h: (b_h, b_x)}),
):
    wrong(_name, encode, **_step, upto=AFTER[1:])(**GATES)
wrong("no_memory", encode, decode, old=torch.zeros_like)(
    en="No step hands its state on: the network forgets each word at once.",
    zh="状态没有传给下一步：网络读一个词忘一个词。",
)

# encode: what is returned


def _of_the_decoder(params):
    return params | {f"enc_{name}": params[f"dec_{name}"] for name in ("w_h", "b_x", "b_h")}


TIME = wrong("wrong_axis", encode, result=lambda s, c: (s.transpose(0, 1), c))(
    en="Time is on the wrong axis of the states: (N, T, H) is asked for.",
    zh="states 的时间放在了错误的轴上：要求的形状是 (N, T, H)。",
)
wrong("wrong_axis", encode, result=lambda s, c: (s.transpose(0, 1).reshape(s.shape), c))(**TIME)
REVERSED = wrong("reversed_time", encode, read=lambda tokens: tokens.flip(1))(
    en="The sentence is read backwards: the first word comes first.",
    zh="句子被倒着读了：应该先读第一个词。",
)
wrong("reversed_time", encode, result=lambda s, c: (s.flip(1), c))(**REVERSED)


def _frozen(states, lengths):
    """At padding the sentence's last state."""
    at = torch.arange(states.shape[1], device=states.device).expand(states.shape[:2])
    at = torch.minimum(at, lengths[:, None] - 1)
    return states[torch.arange(len(states), device=states.device)[:, None], at]


wrong(
    "shorter_than_the_batch",
    encode,
    upto=[
        lambda s, n: s[:, : n.max()],
        lambda s, n: _own(s, n)[:, : n.max()],
        lambda s, n: _frozen(s, n)[:, : n.max()],
    ],
)(
    en="The states end with the longest sentence, and the tensor of ids is longer: one state a "
    "word is asked for, padding too. `pad_packed_sequence` does so unless told `total_length`.",
    zh="states 在最长的句子处就结束了，而编号张量更长：每个位置都要一个状态，填充处也要。"
    "`pad_packed_sequence` 不给 `total_length` 时就会这样。",
)
for _upto in AFTER:
    wrong("results_swapped", encode, upto=_upto, result=lambda s, c: (c, s))(
        en="States and context came back in each other's place.",
        zh="states 和 context 的返回顺序颠倒了。",
    )
    wrong("squeezed", encode, upto=_upto, result=lambda s, c: (s.squeeze(), c.squeeze()))(
        en="With a single sentence, word or unit, an axis of size 1 is gone that should stay. "
        "Which of the axes does your `squeeze` mean?",
        zh="只有一个句子、一个词或一个单元时，一个本该留下的长度为 1 的轴不见了。"
        "你的 `squeeze` 指的是哪个轴？",
    )
wrong("context_only", encode, result=lambda s, c: c)(
    en="Only the context came back: the states on the way are asked for as well.",
    zh="只返回了 context：途中的所有状态也要返回。",
)
wrong("wrong_parameters", encode, named=_of_the_decoder)(
    en="One network uses the other's parameters: which prefix do the encoder's names have?",
    zh="用错了网络的参数：编码器的参数名以什么开头？",
)

# decode: what a step does

wrong("no_context", decode, inputs=lambda word, c: torch.cat([word, torch.zeros_like(c)], -1))(
    en="The context does not reach every step's input; with time the decoder forgets what it is to "
    "say. What is the input made of?",
    zh="context 没有进入每一步的输入，解码器会渐渐忘记要说什么。输入由哪两部分组成？",
)
wrong("embedding_alone", decode, inputs=lambda word, context: word)(
    en="The input is the word alone. How many rows does dec_w_x have, and what is the rest for?",
    zh="输入只有词本身。dec_w_x 有多少行，其余的行对应什么？",
)
wrong("state_for_context", decode, moving=lambda context, state: state)(
    en="The moving state is joined to the word, where the context should stay the same at every "
    "step.",
    zh="与词拼接的是不断变化的状态，而每一步的 context 应当不变。",
)
wrong("wrong_parameters", decode, embedding="enc_embed")(
    en="The words written are looked up among the source's: which prefix do the decoder's names "
    "have?",
    zh="写出的词查的是源语言的词表：解码器的参数名以什么开头？",
)
wrong("input_order", decode, inputs=lambda word, context: torch.cat([context, word], -1))(
    en="The two parts of a step's input stand in each other's place.",
    zh="每一步输入的两个部分前后颠倒了。",
)
wrong("zero_state", decode, first=torch.zeros_like)(
    en="The decoder starts from a state of zeros. What does it know of the sentence at first?",
    zh="解码器从全零状态开始。一开始它对句子知道些什么？",
)
wrong("state_not_kept", decode, kept=False)(
    en="Every step starts from the first state again: nothing of what was written is remembered.",
    zh="每一步都重新从最初的状态开始：写过什么都没有记住。",
)
wrong("word_not_fed_back", decode, fed_back=False)(
    en="Every step is given `start`: which word should it be told was written last?",
    zh="每一步输入的都是 `start`：应该告诉它上一个写出的是哪个词？",
)
wrong("logits_before_step", decode, late=True)(
    en="The logits are made from the state before the step: the word just read has no part in it.",
    zh="logits 用的是这一步之前的状态：刚读入的词没有起作用。",
)
wrong("no_output_bias", decode, bias=False)(
    en="The logits lack a part: which of the parameters has no effect?",
    zh="logits 少了一部分：哪个参数没有起作用？",
)
wrong("least_likely", decode, choose=torch.argmin)(
    en="The word written is the least likely one.",
    zh="写出的是可能性最小的词。",
)

# decode: when it ends, and what is returned


def _without_end(ids, start, end, most):
    return ids[:, :-1] if (ids[:, -1] == end).all() else ids


def _with_start(ids, start, end, most):
    return torch.cat([torch.full_like(ids[:, :1], start), ids], 1)


wrong("end_not_honoured", decode, heed=lambda ended, now: torch.zeros_like(now))(
    en="`end` has no effect: what is written after it, and when does decoding stop?",
    zh="`end` 没有起作用：在它之后还写了什么，解码何时停止？",
)
for _fill in (
    lambda token, ended, end: token,
    lambda token, ended, end: token.masked_fill(ended, 0),
):
    wrong("end_not_filled", decode, fill=_fill)(
        en="What stands after a sentence's `end` is not `end`: it waits for the others in silence.",
        zh="句子的 `end` 之后出现了别的词：等待其他句子时应保持什么？",
    )
wrong(
    "ends_forgotten",
    decode,
    heed=lambda ended, now: now,
    fill=lambda token, ended, end: token,
)(
    en="An `end` is forgotten at the next step: decoding stops only where all sentences write it "
    "at once, and what comes after a sentence's own is not `end`.",
    zh="上一步的 `end` 被忘记了：只有所有句子同时写出 `end` 时解码才停止，而先结束的句子"
    "后面写的不是 `end`。",
)
wrong("never_stops", decode, stop=lambda ended: False)(
    en="Decoding goes on to max_length although all sentences have ended.",
    zh="所有句子都已结束，解码却继续到 max_length。",
)
wrong("stops_too_early", decode, stop=torch.any)(
    en="Decoding stops when the first sentence ends: the others are cut off.",
    zh="第一个句子一结束，解码就停止了：其他句子被截断。",
)
wrong("end_left_out", decode, result=_without_end)(
    en="The last `end` is missing from the ids: it is a word that was written, too.",
    zh="ids 中缺少最后的 `end`：它也是写出的一个词。",
)
START = wrong("start_included", decode, result=_with_start)(
    en="`start` is among the ids: it was given, not written.",
    zh="ids 中混入了 `start`：它是给定的，不是写出来的。",
)
wrong("start_included", decode, result=lambda *w: _with_start(*w)[:, : w[-1]])(**START)
OFF_BY_ONE = wrong("off_by_one", decode, more=1)(
    en="One word too few or too many where no sentence ends: count how often the loop runs.",
    zh="当没有句子结束时，多写或少写了一个词：数一数循环了多少次。",
)
wrong("off_by_one", decode, result=lambda ids, start, end, most: ids[:, : most - 1])(**OFF_BY_ONE)
wrong("wrong_axis", decode, result=lambda ids, start, end, most: ids.T)(
    en="Sentences and steps have changed places: the ids are (N, L).",
    zh="句子和步数的轴颠倒了：ids 的形状是 (N, L)。",
)


# made so often that one program may make two
COMMON = """
last_padded_state off_by_one biases_swapped reversed_time wrong_axis results_swapped no_context
input_order zero_state word_not_fed_back no_output_bias end_not_filled never_stops stops_too_early
start_included
""".split()
