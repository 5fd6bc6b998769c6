"""Known mistakes of the unit `rnn`: a wrong step, alone and in the walk; a wrong walk."""

import torch

from autograder.mistakes.entry import wrong


def rnn_step(
    x,
    h,
    w_xh,
    w_hh,
    b,
    *,
    weights=lambda w_xh, w_hh: (w_xh, w_hh),
    products=lambda x, h, w_xh, w_hh: (x @ w_xh, h @ w_hh),
    squash=torch.tanh,
    combine=lambda x, h, b, squash: squash(x + h + b),
    after=lambda new, old: new,
):
    """combine: of the two products and the bias, the new state."""
    from_x, from_h = products(x, h, *weights(w_xh, w_hh))
    return after(combine(from_x, from_h, b, squash), h)


def rnn(
    x,
    h,
    w_xh,
    w_hh,
    b,
    *,
    first=lambda h: h,
    read=lambda x: x,
    chained=True,
    handed=lambda h, t: h,
    collect=lambda states, h: torch.stack(states, 1),
    **step,
):
    """The walk's slots, and those of a step. handed: the state that step t starts from."""
    states = [first(h)]
    for t, word in enumerate(read(x).unbind(1)):
        old = handed(states[-1], t) if chained else states[0]
        states.append(rnn_step(word, old, w_xh, w_hh, b, **step))
    return collect(states[1:], h)


# one step


def _joined(x, h, w_xh, w_hh):
    return torch.cat([h, x], 1) @ torch.cat([w_xh, w_hh]), 0.0


def _tanh_by_hand(total):
    up, down = total.exp(), (-total).exp()
    return (up - down) / (up + down)


def _tanh_by_square(total):
    square = (2 * total).exp()
    return (square - 1) / (square + 1)


def _tanh_by_size(total):
    """A tanh by the exponential of -2·|x|, which never overflows."""
    small = (-2 * total.abs()).exp()
    return total.sign() * (1 - small) / (1 + small)


wrong("transposed_w_hh", rnn_step, rnn, weights=lambda w_xh, w_hh: (w_xh, w_hh.T))(
    en="w_hh is transposed. The course's vectors are rows: what stands left of the matrix?",
    zh="w_hh 被转置了。本课程的向量都是行向量：矩阵的左边应该是什么？",
)
wrong("transposed_w_xh", rnn_step, rnn, weights=lambda w_xh, w_hh: (w_xh.T, w_hh))(
    en="w_xh is transposed: its rows belong to the inputs, its columns to the hidden units.",
    zh="w_xh 被转置了：它的行对应输入，列对应隐藏单元。",
)
wrong("swapped_weights", rnn_step, rnn, weights=lambda w_xh, w_hh: (w_hh, w_xh))(
    en="The two matrices have changed places: the names say whom each of them takes to whom.",
    zh="两个矩阵用反了：名字已经说明了每个矩阵把谁变换到谁。",
)
wrong("no_bias", rnn_step, rnn, combine=lambda x, h, b, f: f(x + h))(
    en="The bias b has no effect on the state.",
    zh="偏置 b 对状态没有任何影响。",
)
wrong("bias_twice", rnn_step, rnn, combine=lambda x, h, b, f: f(x + b + h + b))(
    en="The bias counts twice. torch's own cell has two of them, this one has one.",
    zh="偏置被加了两次。torch 自带的单元有两个偏置，这里只有一个。",
)
wrong("bias_outside", rnn_step, rnn, combine=lambda x, h, b, f: f(x + h) + b)(
    en="The bias comes in after the tanh, so states can leave the range from -1 to 1.",
    zh="偏置是在 tanh 之后加上的，状态会超出 -1 到 1 的范围。",
)
EARLY = wrong("tanh_too_early", rnn_step, rnn, combine=lambda x, h, b, f: f(x + b) + h)(
    en="The tanh does not see everything: which summands were added after it?",
    zh="tanh 没有作用于全部内容：哪些项是在它之后才加上的？",
)
for _combine in (
    lambda x, h, b, f: f(x) + f(h) + b,
    lambda x, h, b, f: f(x) + f(h + b),
    lambda x, h, b, f: f(x + b) + f(h),
):
    wrong("tanh_too_early", rnn_step, rnn, combine=_combine)(**EARLY)
wrong("no_tanh", rnn_step, rnn, squash=lambda total: total)(
    en="The tanh is missing: nothing keeps the state between -1 and 1.",
    zh="缺少 tanh：没有什么把状态限制在 -1 和 1 之间。",
)
wrong(
    "tanh_not_handed_on",
    rnn,
    squash=lambda total: total,
    collect=lambda states, h: torch.stack(states, 1).tanh(),
)(
    en="The next step starts from the sum before its tanh. What is the state: that sum, or what "
    "the tanh makes of it?",
    zh="下一步是从 tanh 之前的和出发的。状态是那个和，还是经过 tanh 之后的数？",
)
wrong("wrong_activation", rnn_step, rnn, squash=[torch.sigmoid, torch.relu])(
    en="Another squashing function stands where tanh is asked for: states may be negative.",
    zh="这里要求的是 tanh，用了另一个激活函数：状态可以是负数。",
)
wrong("transposed_weights", rnn_step, rnn, weights=lambda w_xh, w_hh: (w_xh.T, w_hh.T))(
    en="Both matrices are transposed, as `nn.RNN` keeps its own. Here the shapes are (D, H) and "
    "(H, H), and a vector stands on the left.",
    zh="两个矩阵都被转置了（`nn.RNN` 内部是那样存的）。这里的形状是 (D, H) 和 (H, H)，向量在左边。",
)
wrong("matrix_first", rnn_step, rnn, products=lambda x, h, w_xh, w_hh: (w_xh @ x, w_hh @ h))(
    en="The matrix stands on the left, as in books with column vectors. A batch here is (N, D), a "
    "vector a row: which side does the matrix stand on?",
    zh="矩阵写在了左边，那是列向量的写法。这里一批数据是 (N, D)，向量是行：矩阵该在哪一边？",
)
wrong("concatenated_order", rnn_step, rnn, products=_joined)(
    en="State and word are joined in one order, their matrices in the other.",
    zh="状态与词按一种顺序拼接，而它们的矩阵按另一种顺序拼接。",
)
wrong("residual", rnn_step, rnn, after=lambda new, old: new + old)(
    en="The old state is added to the new one. How much of it the new state keeps, w_hh decides "
    "alone.",
    zh="旧状态又加到了新状态上。新状态保留多少旧状态，只由 w_hh 决定。",
)
wrong(
    "tanh_overflows",
    rnn_step,
    rnn,
    squash=[_tanh_by_hand, _tanh_by_square, lambda total: -_tanh_by_square(-total)],
)(
    en="A tanh by hand: its exponentials overflow, and ∞/∞ is NaN, not a number. "
    "torch has one that does not.",
    zh="手写的 tanh：其中的指数会溢出，而 ∞/∞ 没有意义。torch 自带的 tanh 不会。",
)
wrong("flat_at_zero", rnn_step, rnn, squash=_tanh_by_size)(
    en="A tanh by hand with `abs` and `sign`. Its values are right, but autograd takes their slope "
    "at 0 for 0, and so the gradient where a sum is exactly 0. Is there a way without them?",
    zh="手写的 tanh 用了 `abs` 和 `sign`。值是对的，但自动求导把它们在 0 处的斜率当作 0，于是和恰好"
    "为 0 时梯度就成了 0。能不能不用它们？",
)
wrong("no_memory", rnn_step, rnn, combine=lambda x, h, b, f: f(x + b))(
    en="The state before has no effect: this step remembers nothing.",
    zh="前一个状态没有起作用：这一步什么也没有记住。",
)
wrong("no_input", rnn_step, rnn, combine=lambda x, h, b, f: f(h + b))(
    en="The word x has no effect: this step reads nothing.",
    zh="输入 x 没有起作用：这一步什么也没有读。",
)
ELEMENTWISE = wrong(
    "elementwise", rnn_step, rnn, weights=lambda w_xh, w_hh: (w_xh, w_hh.diag().diag())
)(
    en="Each hidden unit sees only itself: a matrix product is asked for, not one by elements.",
    zh="每个隐藏单元只看到自己：这里要的是矩阵乘法，不是逐元素相乘。",
)
wrong("elementwise", rnn_step, rnn, products=lambda x, h, w_xh, w_hh: (x * w_xh, h * w_hh))(
    **ELEMENTWISE
)


# the walk


def _last_first(states, h):
    return torch.stack(states[::-1], 1)


wrong("initial_state_ignored", rnn, first=torch.zeros_like)(
    en="The walk starts from zeros: the state that is given has no effect.",
    zh="从全零状态开始了：给定的初始状态没有起作用。",
)
CUT = [lambda h, t: h.detach(), lambda h, t: h.detach() if t else h]
wrong("detached", rnn, handed=CUT)(
    en="The graph is cut between two steps, so a gradient does not travel back through all of "
    "them.",
    zh="计算图在步与步之间被切断了，梯度无法一直传回去。",
)
TRUNCATED = {
    "en": "The graph is cut every few steps, so a gradient does not travel through all of them.",
    "zh": "每隔几步计算图就被切断一次，梯度无法一直传回去。",
}
for _every in (2, 3, 4, 5, 8, 10, 16, 20, 32):
    wrong("truncated", rnn, handed=lambda h, t, n=_every: h if t % n or not t else h.detach())(
        **TRUNCATED
    )
wrong("h0_at_every_step", rnn, chained=False)(
    en="Every step starts from the first state h: the network forgets each word at once. What "
    "should a step start from?",
    zh="每一步都从最初的状态 h 出发：网络读一个忘一个。每一步应该从哪里出发？",
)
WRONG_AXIS = wrong("wrong_axis", rnn, collect=lambda states, h: torch.stack(states))(
    en="Time is on the wrong axis. Which axis is new when states of (N, H) are put together to (N, "
    "T, H)?",
    zh="时间放在了错误的轴上。把 (N, H) 的状态拼成 (N, T, H) 时，新的轴是哪一个？",
)
for _collect in (
    lambda states, h: torch.stack(states, -1),
    lambda states, h: torch.cat(states, 1),
    lambda states, h: torch.stack(states).reshape(len(h), len(states), -1),
):
    wrong("wrong_axis", rnn, collect=_collect)(**WRONG_AXIS)
wrong("wrong_axis", rnn, read=lambda x: x.transpose(0, 1))(**WRONG_AXIS)
wrong(
    "wrong_axis",
    rnn,
    read=lambda x: x.transpose(0, 1),
    collect=lambda states, h: torch.stack(states),
)(**WRONG_AXIS)
wrong(
    "reshaped_for_transposed",
    rnn,
    read=lambda x: x.reshape(x.shape[1], x.shape[0], -1).transpose(0, 1),
)(
    en="`reshape` or `view` made (T, N, D) of (N, T, D): the shape is right, and words stand in "
    "other sentences. What exchanges two axes?",
    zh="用 `reshape` 或 `view` 把 (N, T, D) 变成了 (T, N, D)：形状对了，"
    "词却到了别的句子里。什么操作才是交换两个轴？",
)
wrong("off_by_one", rnn, collect=lambda states, h: torch.stack(states[:-1], 1))(
    en="One step is missing: there is a state for every word, for the last one too.",
    zh="少了一步：每个词都有一个状态，最后一个词也有。",
)
wrong("squeezed", rnn, collect=lambda states, h: torch.stack(states, 1).squeeze())(
    en="`squeeze()` drops every axis of size 1, so that a batch of one sentence loses an axis, and "
    "a sentence of one word another. The result has three axes, whatever their sizes.",
    zh="`squeeze()` 会去掉所有大小为 1 的轴：批次里只有一个句子，或句子只有一个词时，轴就少了。"
    "无论大小，结果都有三个轴。",
)
LAST_STATE = wrong("last_state_only", rnn, collect=lambda states, h: states[-1])(
    en="Only the last state came back: every state on the way is asked for.",
    zh="只返回了最后一个状态：要求的是途中的每一个状态。",
)
wrong("last_state_only", rnn, collect=lambda states, h: states[-1][:, None])(**LAST_STATE)
REVERSED = wrong("reversed_time", rnn, read=lambda x: x.flip(1))(
    en="Time runs backwards. Which word is read first, and whose state comes first?",
    zh="时间倒过来了。先读的是哪个词，排在第一的又是哪个状态？",
)
wrong("reversed_time", rnn, read=lambda x: x.flip(1), collect=_last_first)(**REVERSED)
wrong("reversed_time", rnn, collect=_last_first)(**REVERSED)
wrong("state_overwritten", rnn, collect=lambda s, h: torch.stack(s[-1:] * len(s), 1))(
    en="All states are the last one: each step wrote into the same tensor. A list of states that "
    "are one tensor holds one state.",
    zh="所有状态都等于最后一个：每一步都写进了同一个张量。列表里存的是同一个张量，就只有一个状态。",
)
INITIAL = wrong("initial_state_included", rnn, collect=lambda s, h: torch.stack([h, *s], 1))(
    en="The first state h, which no word has touched yet, is among the results.",
    zh="结果中混入了最初的状态 h，它还没有读过任何词。",
)
wrong("initial_state_included", rnn, collect=lambda s, h: torch.stack([h, *s[:-1]], 1))(**INITIAL)
wrong("same_word", rnn, read=lambda x: x[:, :1].expand_as(x))(
    en="Every step reads the same word: the index of x does not move with time.",
    zh="每一步读的都是同一个词：x 的下标没有随时间移动。",
)
wrong("outputs_summed", rnn, collect=lambda states, h: torch.stack(states, 1).cumsum(1))(
    en="Each result is a sum of the states so far. The state itself is asked for.",
    zh="每个结果是到此为止所有状态之和。要求的是状态本身。",
)

# made so often that one program may make two
COMMON = """
transposed_w_hh transposed_w_xh no_bias bias_twice bias_outside no_tanh wrong_activation
no_memory h0_at_every_step wrong_axis last_state_only reversed_time initial_state_included
initial_state_ignored
""".split()
