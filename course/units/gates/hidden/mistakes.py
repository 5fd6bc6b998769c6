"""Known mistakes of the unit `gates`."""

import torch

from autograder.mistakes.entry import mistake


def _lstm(x, h, c, w_x, w_h, b, order="ifgo", candidate=torch.tanh, shown=None):
    """A step whose blocks are named by `order`; shown(old c, new c) is what the output gate sees.

    Returns (h', c').
    """
    blocks = (x @ w_x + h @ w_h + b).chunk(4, -1)
    part = dict(zip(order, blocks, strict=True))
    i, f, o = (torch.sigmoid(part[gate]) for gate in "ifo")
    new = f * c + i * candidate(part["g"])
    return o * (torch.tanh(new) if shown is None else shown(c, new)), new


@mistake(
    "lstm_step",
    "gate_order",
    en="The gates are taken from the wrong blocks: candidate g and output gate o have changed "
    "places. In which order does `torch.nn.LSTM` pack them?",
    zh="门的分块取错了：候选值 g 与输出门 o 对调了。`torch.nn.LSTM` 是按什么顺序打包的？",
)
def lstm_step_candidate_last(x, h, c, w_x, w_h, b):
    return _lstm(x, h, c, w_x, w_h, b, order="ifog")


@mistake(
    "lstm_step",
    "gates_swapped",
    en="The input gate and the forget gate have changed places. Which block comes first, and which "
    "of the two multiplies the old cell?",
    zh="输入门与遗忘门对调了。哪一块在前？哪一个门去乘旧的细胞状态？",
)
def lstm_step_input_and_forget(x, h, c, w_x, w_h, b):
    return _lstm(x, h, c, w_x, w_h, b, order="figo")


@mistake(
    "lstm_step",
    "sigmoid_candidate",
    en="The candidate goes through a sigmoid, as the gates do. A memory must also be able to take "
    "negative numbers: which function is the candidate's?",
    zh="候选值和门一样用了 sigmoid。可记忆也要能写入负数：候选值该用哪个函数？",
)
def lstm_step_sigmoid_candidate(x, h, c, w_x, w_h, b):
    return _lstm(x, h, c, w_x, w_h, b, candidate=torch.sigmoid)


@mistake(
    "lstm_step",
    "no_tanh",
    en="The output gate is applied to the cell as it is. What does the cell pass through before it "
    "is shown?",
    zh="输出门直接作用在了细胞状态上。细胞状态在输出之前还要经过什么？",
)
def lstm_step_without_tanh(x, h, c, w_x, w_h, b):
    return _lstm(x, h, c, w_x, w_h, b, shown=lambda old, new: new)


@mistake(
    "lstm_step",
    "old_cell",
    en="The new state is made from the old cell. Which of the two cells does the output gate show?",
    zh="新的隐藏状态是用旧的细胞状态算的。输出门展示的是哪一个细胞状态？",
)
def lstm_step_shows_old_cell(x, h, c, w_x, w_h, b):
    return _lstm(x, h, c, w_x, w_h, b, shown=lambda old, new: torch.tanh(old))


@mistake(
    "lstm_step",
    "results_swapped",
    en="Cell and state are returned in the wrong order. Which one comes first?",
    zh="返回值的顺序反了：细胞状态与隐藏状态，哪一个在前？",
)
def lstm_step_cell_first(x, h, c, w_x, w_h, b):
    return _lstm(x, h, c, w_x, w_h, b)[::-1]


@mistake(
    "lstm_step",
    "no_bias",
    en="The bias is missing. What is added besides the two products?",
    zh="漏掉了偏置。除了两个乘积，还要加上什么？",
)
def lstm_step_without_bias(x, h, c, w_x, w_h, b):
    return _lstm(x, h, c, w_x, w_h, torch.zeros_like(b))


def _gru(x, h, w_x, w_h, b_x, b_h, gates="rz", candidate=torch.tanh, recurrent=None, mix=None):
    """A step whose first two blocks are named by `gates`.

    recurrent(r, h, w_hn, b_hn): what the state adds to the candidate. mix(z, n, h): the result.
    """
    width = h.shape[-1]
    blocks = (x @ w_x + b_x + h @ w_h + b_h)[:, : 2 * width].chunk(2, -1)
    part = dict(zip(gates, blocks, strict=True))
    r, z = torch.sigmoid(part["r"]), torch.sigmoid(part["z"])
    w_hn, b_hn = w_h[:, 2 * width :], b_h[2 * width :]
    added = r * (h @ w_hn + b_hn) if recurrent is None else recurrent(r, h, w_hn, b_hn)
    n = candidate((x @ w_x + b_x)[:, 2 * width :] + added)
    return (1 - z) * n + z * h if mix is None else mix(z, n, h)


RESET_FIRST = {
    "en": "The reset gate is applied to the state before the product with w_h. This course has it "
    "where `torch.nn.GRU` has it: what exactly does r multiply there?",
    "zh": "重置门在与 w_h 相乘之前就作用到了状态上。本课与 `torch.nn.GRU` 一致："
    "在那里 r 究竟乘的是什么？",
}


@mistake("gru_step", "reset_before_matmul", **RESET_FIRST)
def gru_step_reset_first(x, h, w_x, w_h, b_x, b_h):
    return _gru(x, h, w_x, w_h, b_x, b_h, recurrent=lambda r, h, w_hn, b_hn: (r * h) @ w_hn + b_hn)


@mistake("gru_step", "reset_before_matmul", **RESET_FIRST)
def gru_step_reset_first_and_bias_inside(x, h, w_x, w_h, b_x, b_h):
    return _gru(
        x, h, w_x, w_h, b_x, b_h, recurrent=lambda r, h, w_hn, b_hn: r * ((r * h) @ w_hn + b_hn)
    )


@mistake(
    "gru_step",
    "bias_outside_reset",
    en="The candidate's part of b_h is added outside the reset gate. Does r scale that bias too?",
    zh="b_h 中属于候选值的那部分加在了重置门之外。r 是否也要缩放这个偏置？",
)
def gru_step_bias_outside(x, h, w_x, w_h, b_x, b_h):
    return _gru(x, h, w_x, w_h, b_x, b_h, recurrent=lambda r, h, w_hn, b_hn: r * (h @ w_hn) + b_hn)


@mistake(
    "gru_step",
    "no_reset",
    en="The reset gate is computed but plays no part. Which part of the candidate does it scale?",
    zh="重置门算出来了却没有用上。它要缩放候选值的哪一部分？",
)
def gru_step_without_reset(x, h, w_x, w_h, b_x, b_h):
    return _gru(x, h, w_x, w_h, b_x, b_h, recurrent=lambda r, h, w_hn, b_hn: h @ w_hn + b_hn)


@mistake(
    "gru_step",
    "interpolation_swapped",
    en="z and 1 - z have changed places. When the update gate is quite open, is it the old state "
    "or the candidate that remains?",
    zh="z 与 1 - z 用反了。更新门完全打开时，留下来的是旧状态还是候选值？",
)
def gru_step_mix_swapped(x, h, w_x, w_h, b_x, b_h):
    return _gru(x, h, w_x, w_h, b_x, b_h, mix=lambda z, n, h: z * n + (1 - z) * h)


@mistake(
    "gru_step",
    "overwritten_state",
    en="The old state is gone before the mix: it looks as if the candidate was stored under the "
    "name h. Which two things does z mix?",
    zh="在混合之前旧状态就已经没有了：看起来候选值被存进了变量 h。z 混合的是哪两样东西？",
)
def gru_step_forgets_h(x, h, w_x, w_h, b_x, b_h):
    return _gru(x, h, w_x, w_h, b_x, b_h, mix=lambda z, n, h: n)


@mistake(
    "gru_step",
    "gates_swapped",
    en="Reset gate and update gate have changed places. In which order does `torch.nn.GRU` pack "
    "them?",
    zh="重置门与更新门对调了。`torch.nn.GRU` 是按什么顺序打包的？",
)
def gru_step_reset_and_update(x, h, w_x, w_h, b_x, b_h):
    return _gru(x, h, w_x, w_h, b_x, b_h, gates="zr")


@mistake(
    "gru_step",
    "sigmoid_candidate",
    en="The candidate goes through a sigmoid, as the gates do. A state must also be able to take "
    "negative numbers: which function is the candidate's?",
    zh="候选值和门一样用了 sigmoid。可状态也要能取负数：候选值该用哪个函数？",
)
def gru_step_sigmoid_candidate(x, h, w_x, w_h, b_x, b_h):
    return _gru(x, h, w_x, w_h, b_x, b_h, candidate=torch.sigmoid)


NO_BIAS = {
    "en": "A bias is missing. The step has two, one for the input and one for the state.",
    "zh": "漏掉了偏置。这一步有两个偏置：一个属于输入，一个属于状态。",
}


@mistake("gru_step", "no_bias", **NO_BIAS)
def gru_step_without_b_h(x, h, w_x, w_h, b_x, b_h):
    return _gru(x, h, w_x, w_h, b_x, torch.zeros_like(b_h))


@mistake("gru_step", "no_bias", **NO_BIAS)
def gru_step_without_b_x(x, h, w_x, w_h, b_x, b_h):
    return _gru(x, h, w_x, w_h, torch.zeros_like(b_x), b_h)


@mistake(
    "cell_gradient",
    "off_by_one",
    en="Each row holds its own gate too, one factor too many. From c_t to the last cell, which is "
    "the first gate on the way, and what is left for the last row?",
    zh="每一行把自己的门也乘进去了，多了一个因子。从 c_t 走到最后的细胞状态，路上的第一个门是哪个？"
    "最后一行又剩下什么？",
)
def cell_gradient_with_own_row(forget):
    return forget.flip(0).cumprod(0).flip(0)


REVERSED = {
    "en": "The products run over the rows before each row. A gradient travels back from the last "
    "step: which gates lie between c_t and the end?",
    "zh": "连乘的是每一行之前的各行。梯度是从最后一步往回传的：c_t 与终点之间隔着哪些门？",
}


@mistake("cell_gradient", "reversed_time", **REVERSED)
def cell_gradient_of_rows_before(forget):
    return torch.cat([torch.ones_like(forget[:1]), forget[:-1].cumprod(0)])


@mistake("cell_gradient", "reversed_time", **REVERSED)
def cell_gradient_from_the_start(forget):
    return forget.cumprod(0)


@mistake(
    "cell_gradient",
    "sum_for_product",
    en="The gates are added up. What does the chain rule do with the factors of successive steps?",
    zh="把各个门加了起来。链式法则怎样处理前后各步的因子？",
)
def cell_gradient_as_a_sum(forget):
    following = torch.cat([forget[1:], torch.zeros_like(forget[:1])])
    return following.flip(0).cumsum(0).flip(0)


@mistake(
    "cell_gradient",
    "one_step_only",
    en="Each row holds the next gate alone. How many steps lie between c_t and the last cell?",
    zh="每一行只有紧接着的那一个门。从 c_t 到最后的细胞状态一共隔着多少步？",
)
def cell_gradient_of_one_step(forget):
    return torch.cat([forget[1:], torch.ones_like(forget[:1])])


@mistake(
    "cell_gradient",
    "wrong_axis",
    en="The products run over the hidden units. Which axis of `forget` is time?",
    zh="连乘沿着隐藏单元的方向进行了。`forget` 的哪个轴是时间？",
)
def cell_gradient_over_units(forget):
    following = torch.cat([forget[:, 1:], torch.ones_like(forget[:, :1])], 1)
    return following.flip(1).cumprod(1).flip(1)
