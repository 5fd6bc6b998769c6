"""Known mistakes of the unit `rnn`: a wrong step, alone and in the walk; a wrong walk."""

import torch

from autograder.mistakes.entry import mistake


def _step(x, h, w_xh, w_hh, b):
    return torch.tanh(x @ w_xh + h @ w_hh + b)


def _walk(x, h, w_xh, w_hh, b, step=_step):
    """Every state, as a list."""
    states = []
    for t in range(x.shape[1]):
        h = step(x[:, t], h, w_xh, w_hh, b)
        states.append(h)
    return states


def _in_both(id, wrong, *, en, zh):  # noqa: A002
    """Register a wrong step, alone and in the walk."""
    mistake("rnn_step", id, en=en, zh=zh)(wrong)

    @mistake("rnn", id, en=en, zh=zh)
    def rnn(x, h, w_xh, w_hh, b):
        return torch.stack(_walk(x, h, w_xh, w_hh, b, wrong), 1)


# one step


def _transposed(x, h, w_xh, w_hh, b):
    return torch.tanh(x @ w_xh + h @ w_hh.T + b)


def _transposed_w_xh(x, h, w_xh, w_hh, b):
    return torch.tanh(x @ w_xh.T + h @ w_hh + b)


def _swapped(x, h, w_xh, w_hh, b):
    return torch.tanh(x @ w_hh + h @ w_xh + b)


def _no_bias(x, h, w_xh, w_hh, b):
    return torch.tanh(x @ w_xh + h @ w_hh)


def _two_biases(x, h, w_xh, w_hh, b):
    return torch.tanh(x @ w_xh + b + h @ w_hh + b)


def _bias_outside(x, h, w_xh, w_hh, b):
    return torch.tanh(x @ w_xh + h @ w_hh) + b


def _tanh_of_x(x, h, w_xh, w_hh, b):
    return torch.tanh(x @ w_xh + b) + h @ w_hh


def _tanh_of_each(x, h, w_xh, w_hh, b):
    return torch.tanh(x @ w_xh) + torch.tanh(h @ w_hh) + b


def _no_tanh(x, h, w_xh, w_hh, b):
    return x @ w_xh + h @ w_hh + b


def _sigmoid(x, h, w_xh, w_hh, b):
    return torch.sigmoid(x @ w_xh + h @ w_hh + b)


def _relu(x, h, w_xh, w_hh, b):
    return torch.relu(x @ w_xh + h @ w_hh + b)


def _no_h(x, h, w_xh, w_hh, b):
    return torch.tanh(x @ w_xh + b)


def _no_x(x, h, w_xh, w_hh, b):
    return torch.tanh(h @ w_hh + b)


def _elementwise_h(x, h, w_xh, w_hh, b):
    return torch.tanh(x @ w_xh + h * w_hh.diagonal() + b)


_in_both(
    "transposed_w_hh",
    _transposed,
    en="w_hh is transposed. The course's vectors are rows: what stands left of the matrix?",
    zh="w_hh 被转置了。本课程的向量都是行向量：矩阵的左边应该是什么？",
)
_in_both(
    "transposed_w_xh",
    _transposed_w_xh,
    en="w_xh is transposed: its rows belong to the inputs, its columns to the hidden units.",
    zh="w_xh 被转置了：它的行对应输入，列对应隐藏单元。",
)
_in_both(
    "swapped_weights",
    _swapped,
    en="The two matrices have changed places: the names say whom each of them takes to whom.",
    zh="两个矩阵用反了：名字已经说明了每个矩阵把谁变换到谁。",
)
_in_both(
    "no_bias",
    _no_bias,
    en="The bias b has no effect on the state.",
    zh="偏置 b 对状态没有任何影响。",
)
_in_both(
    "bias_twice",
    _two_biases,
    en="The bias counts twice. torch's own cell has two of them, this one has one.",
    zh="偏置被加了两次。torch 自带的单元有两个偏置，这里只有一个。",
)
_in_both(
    "bias_outside",
    _bias_outside,
    en="The bias comes in after the tanh, so states can leave the range from -1 to 1.",
    zh="偏置是在 tanh 之后加上的，状态会超出 -1 到 1 的范围。",
)
for _wrong in (_tanh_of_x, _tanh_of_each):
    _in_both(
        "tanh_too_early",
        _wrong,
        en="The tanh does not see everything: which summands were added after it?",
        zh="tanh 没有作用于全部内容：哪些项是在它之后才加上的？",
    )
_in_both(
    "no_tanh",
    _no_tanh,
    en="The tanh is missing: nothing keeps the state between -1 and 1.",
    zh="缺少 tanh：没有什么把状态限制在 -1 和 1 之间。",
)
for _wrong in (_sigmoid, _relu):
    _in_both(
        "wrong_activation",
        _wrong,
        en="Another squashing function stands where tanh is asked for: states may be negative.",
        zh="这里要求的是 tanh，用了另一个激活函数：状态可以是负数。",
    )
_in_both(
    "no_memory",
    _no_h,
    en="The state before has no effect: this step remembers nothing.",
    zh="前一个状态没有起作用：这一步什么也没有记住。",
)
_in_both(
    "no_input",
    _no_x,
    en="The word x has no effect: this step reads nothing.",
    zh="输入 x 没有起作用：这一步什么也没有读。",
)
_in_both(
    "elementwise",
    _elementwise_h,
    en="Each hidden unit sees only itself: a matrix product is asked for, not one by elements.",
    zh="每个隐藏单元只看到自己：这里要的是矩阵乘法，不是逐元素相乘。",
)


# the walk

WRONG_AXIS = {
    "en": "Time is on the wrong axis. Which axis is new when states of (N, H) are put together to "
    "(N, T, H)?",
    "zh": "时间放在了错误的轴上。把 (N, H) 的状态拼成 (N, T, H) 时，新的轴是哪一个？",
}
LAST_STATE = {
    "en": "Only the last state came back: every state on the way is asked for.",
    "zh": "只返回了最后一个状态：要求的是途中的每一个状态。",
}
REVERSED = {
    "en": "Time runs backwards. Which word is read first, and whose state comes first?",
    "zh": "时间倒过来了。先读的是哪个词，排在第一的又是哪个状态？",
}
NOT_CHAINED = {
    "en": "Every step starts from the first state h: the network forgets each word at once. What "
    "should a step start from?",
    "zh": "每一步都从最初的状态 h 出发：网络读一个忘一个。每一步应该从哪里出发？",
}
INITIAL = {
    "en": "The first state h, which no word has touched yet, is among the results.",
    "zh": "结果中混入了最初的状态 h，它还没有读过任何词。",
}


@mistake("rnn", "h0_at_every_step", **NOT_CHAINED)
def rnn_not_chained(x, h, w_xh, w_hh, b):
    return _step(x, h[:, None], w_xh, w_hh, b)


@mistake("rnn", "wrong_axis", **WRONG_AXIS)
def rnn_time_first(x, h, w_xh, w_hh, b):
    return torch.stack(_walk(x, h, w_xh, w_hh, b))


@mistake("rnn", "wrong_axis", **WRONG_AXIS)
def rnn_time_last(x, h, w_xh, w_hh, b):
    return torch.stack(_walk(x, h, w_xh, w_hh, b), -1)


@mistake("rnn", "wrong_axis", **WRONG_AXIS)
def rnn_concatenated(x, h, w_xh, w_hh, b):
    return torch.cat(_walk(x, h, w_xh, w_hh, b), 1)


@mistake("rnn", "wrong_axis", **WRONG_AXIS)
def rnn_reshaped(x, h, w_xh, w_hh, b):
    return torch.stack(_walk(x, h, w_xh, w_hh, b)).reshape(*x.shape[:2], -1)


@mistake("rnn", "wrong_axis", **WRONG_AXIS)
def rnn_over_the_batch(x, h, w_xh, w_hh, b):
    return torch.stack(_walk(x.transpose(0, 1), h, w_xh, w_hh, b), 1)


@mistake("rnn", "last_state_only", **LAST_STATE)
def rnn_last_state(x, h, w_xh, w_hh, b):
    return _walk(x, h, w_xh, w_hh, b)[-1]


@mistake("rnn", "last_state_only", **LAST_STATE)
def rnn_last_state_with_its_axis(x, h, w_xh, w_hh, b):
    return _walk(x, h, w_xh, w_hh, b)[-1][:, None]


@mistake("rnn", "reversed_time", **REVERSED)
def rnn_last_word_first(x, h, w_xh, w_hh, b):
    return torch.stack(_walk(x.flip(1), h, w_xh, w_hh, b), 1)


@mistake("rnn", "reversed_time", **REVERSED)
def rnn_backwards(x, h, w_xh, w_hh, b):
    return torch.stack(_walk(x.flip(1), h, w_xh, w_hh, b)[::-1], 1)


@mistake("rnn", "reversed_time", **REVERSED)
def rnn_states_reversed(x, h, w_xh, w_hh, b):
    return torch.stack(_walk(x, h, w_xh, w_hh, b)[::-1], 1)


@mistake(
    "rnn",
    "state_overwritten",
    en="All states are the last one: each step wrote into the same tensor. A list of states that "
    "are one tensor holds one state.",
    zh="所有状态都等于最后一个：每一步都写进了同一个张量。列表里存的是同一个张量，就只有一个状态。",
)
def rnn_overwritten(x, h, w_xh, w_hh, b):
    states = _walk(x, h, w_xh, w_hh, b)
    return torch.stack(states[-1:] * len(states), 1)


@mistake("rnn", "initial_state_included", **INITIAL)
def rnn_one_state_too_many(x, h, w_xh, w_hh, b):
    return torch.stack([h, *_walk(x, h, w_xh, w_hh, b)], 1)


@mistake("rnn", "initial_state_included", **INITIAL)
def rnn_one_state_late(x, h, w_xh, w_hh, b):
    return torch.stack([h, *_walk(x, h, w_xh, w_hh, b)[:-1]], 1)


@mistake(
    "rnn",
    "same_word",
    en="Every step reads the same word: the index of x does not move with time.",
    zh="每一步读的都是同一个词：x 的下标没有随时间移动。",
)
def rnn_same_word(x, h, w_xh, w_hh, b):
    return torch.stack(_walk(x[:, :1].expand_as(x), h, w_xh, w_hh, b), 1)


@mistake(
    "rnn",
    "outputs_summed",
    en="Each result is a sum of the states so far. The state itself is asked for.",
    zh="每个结果是到此为止所有状态之和。要求的是状态本身。",
)
def rnn_summed(x, h, w_xh, w_hh, b):
    return torch.stack(_walk(x, h, w_xh, w_hh, b), 1).cumsum(1)
