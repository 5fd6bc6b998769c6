"""Known mistakes of the unit `gates`."""

import torch

from autograder.mistakes.entry import wrong


def lstm_step(
    x,
    h,
    c,
    w_x,
    w_h,
    b,
    *,
    order="ifgo",
    bias=lambda b: b,
    candidate=torch.tanh,
    shown=lambda old, new: torch.tanh(new),
    result=lambda h, c: (h, c),
):
    """order: of the gates' blocks. shown: of the two cells, what the output gate sees."""
    blocks = (x @ w_x + h @ w_h + bias(b)).chunk(4, -1)
    part = dict(zip(order, blocks, strict=True))
    i, f, o = (torch.sigmoid(part[gate]) for gate in "ifo")
    new = f * c + i * candidate(part["g"])
    return result(o * shown(c, new), new)


wrong("gate_order", lstm_step, order="ifog")(
    en="The gates are taken from the wrong blocks: candidate g and output gate o have changed "
    "places. In which order does `torch.nn.LSTM` pack them?",
    zh="门的分块取错了：候选值 g 与输出门 o 对调了。`torch.nn.LSTM` 是按什么顺序打包的？",
)
wrong("gates_swapped", lstm_step, order="figo")(
    en="The input gate and the forget gate have changed places. Which block comes first, and which "
    "of the two multiplies the old cell?",
    zh="输入门与遗忘门对调了。哪一块在前？哪一个门去乘旧的细胞状态？",
)
wrong("sigmoid_candidate", lstm_step, candidate=torch.sigmoid)(
    en="The candidate goes through a sigmoid, as the gates do. A memory must also be able to take "
    "negative numbers: which function is the candidate's?",
    zh="候选值和门一样用了 sigmoid。可记忆也要能写入负数：候选值该用哪个函数？",
)
wrong("no_tanh", lstm_step, shown=lambda old, new: new)(
    en="The output gate is applied to the cell as it is. What does the cell pass through before it "
    "is shown?",
    zh="输出门直接作用在了细胞状态上。细胞状态在输出之前还要经过什么？",
)
wrong("old_cell", lstm_step, shown=lambda old, new: torch.tanh(old))(
    en="The new state is made from the old cell. Which of the two cells does the output gate show?",
    zh="新的隐藏状态是用旧的细胞状态算的。输出门展示的是哪一个细胞状态？",
)
wrong("results_swapped", lstm_step, result=lambda h, c: (c, h))(
    en="Cell and state are returned in the wrong order. Which one comes first?",
    zh="返回值的顺序反了：细胞状态与隐藏状态，哪一个在前？",
)
wrong("no_bias", lstm_step, bias=torch.zeros_like)(
    en="The bias is missing. What is added besides the two products?",
    zh="漏掉了偏置。除了两个乘积，还要加上什么？",
)


def gru_step(
    x,
    h,
    w_x,
    w_h,
    b_x,
    b_h,
    *,
    order="rz",
    biases=lambda b_x, b_h: (b_x, b_h),
    candidate=torch.tanh,
    added=lambda r, h, w, b: r * (h @ w + b),
    mix=lambda z, n, h: (1 - z) * n + z * h,
):
    """order: of the first two blocks. added: what the state adds to the candidate n."""
    width = h.shape[-1]
    b_x, b_h = biases(b_x, b_h)
    blocks = (x @ w_x + b_x + h @ w_h + b_h)[:, : 2 * width].chunk(2, -1)
    part = dict(zip(order, blocks, strict=True))
    r, z = torch.sigmoid(part["r"]), torch.sigmoid(part["z"])
    from_h = added(r, h, w_h[:, 2 * width :], b_h[2 * width :])
    return mix(z, candidate((x @ w_x + b_x)[:, 2 * width :] + from_h), h)


RESET = wrong("reset_before_matmul", gru_step, added=lambda r, h, w, b: (r * h) @ w + b)(
    en="The reset gate is applied to the state before the product with w_h. This course has it "
    "where `torch.nn.GRU` has it: what exactly does r multiply there?",
    zh="重置门在与 w_h 相乘之前就作用到了状态上。本课与 `torch.nn.GRU` 一致："
    "在那里 r 究竟乘的是什么？",
)
wrong("reset_before_matmul", gru_step, added=lambda r, h, w, b: r * ((r * h) @ w + b))(**RESET)
wrong("bias_outside_reset", gru_step, added=lambda r, h, w, b: r * (h @ w) + b)(
    en="The candidate's part of b_h is added outside the reset gate. Does r scale that bias too?",
    zh="b_h 中属于候选值的那部分加在了重置门之外。r 是否也要缩放这个偏置？",
)
wrong("no_reset", gru_step, added=lambda r, h, w, b: h @ w + b)(
    en="The reset gate is computed but plays no part. Which part of the candidate does it scale?",
    zh="重置门算出来了却没有用上。它要缩放候选值的哪一部分？",
)
wrong("interpolation_swapped", gru_step, mix=lambda z, n, h: z * n + (1 - z) * h)(
    en="z and 1 - z have changed places. When the update gate is quite open, is it the old state "
    "or the candidate that remains?",
    zh="z 与 1 - z 用反了。更新门完全打开时，留下来的是旧状态还是候选值？",
)
wrong("overwritten_state", gru_step, mix=lambda z, n, h: n)(
    en="The old state is gone before the mix: it looks as if the candidate was stored under the "
    "name h. Which two things does z mix?",
    zh="在混合之前旧状态就已经没有了：看起来候选值被存进了变量 h。z 混合的是哪两样东西？",
)
wrong("gates_swapped", gru_step, order="zr")(
    en="Reset gate and update gate have changed places. In which order does `torch.nn.GRU` pack "
    "them?",
    zh="重置门与更新门对调了。`torch.nn.GRU` 是按什么顺序打包的？",
)
wrong("sigmoid_candidate", gru_step, candidate=torch.sigmoid)(
    en="The candidate goes through a sigmoid, as the gates do. A state must also be able to take "
    "negative numbers: which function is the candidate's?",
    zh="候选值和门一样用了 sigmoid。可状态也要能取负数：候选值该用哪个函数？",
)
NO_BIAS = wrong("no_bias", gru_step, biases=lambda b_x, b_h: (b_x, torch.zeros_like(b_h)))(
    en="A bias is missing. The step has two, one for the input and one for the state.",
    zh="漏掉了偏置。这一步有两个偏置：一个属于输入，一个属于状态。",
)
wrong("no_bias", gru_step, biases=lambda b_x, b_h: (torch.zeros_like(b_x), b_h))(**NO_BIAS)


def cell_gradient(
    forget, *, reverse=False, own=False, axis=0, combine=torch.cumprod, last=torch.ones_like
):
    """reverse: time. own: each row's own gate counts. last: what stands in the last row."""
    gates = forget if reverse else forget.flip(axis)
    length = forget.shape[axis]
    if not own:
        first = last(gates.narrow(axis, 0, 1))
        gates = torch.cat([first, gates.narrow(axis, 0, length - 1)], axis)
    combined = combine(gates, axis)
    return combined if reverse else combined.flip(axis)


wrong("off_by_one", cell_gradient, own=True)(
    en="Each row holds its own gate too, one factor too many. From c_t to the last cell, which is "
    "the first gate on the way, and what is left for the last row?",
    zh="每一行把自己的门也乘进去了，多了一个因子。从 c_t 走到最后的细胞状态，路上的第一个门是哪个？"
    "最后一行又剩下什么？",
)
REVERSED = wrong("reversed_time", cell_gradient, reverse=True)(
    en="The products run over the rows before each row. A gradient travels back from the last "
    "step: which gates lie between c_t and the end?",
    zh="连乘的是每一行之前的各行。梯度是从最后一步往回传的：c_t 与终点之间隔着哪些门？",
)
wrong("reversed_time", cell_gradient, reverse=True, own=True)(**REVERSED)
wrong("sum_for_product", cell_gradient, combine=torch.cumsum, last=torch.zeros_like)(
    en="The gates are added up. What does the chain rule do with the factors of successive steps?",
    zh="把各个门加了起来。链式法则怎样处理前后各步的因子？",
)
wrong("one_step_only", cell_gradient, combine=lambda gates, axis: gates)(
    en="Each row holds the next gate alone. How many steps lie between c_t and the last cell?",
    zh="每一行只有紧接着的那一个门。从 c_t 到最后的细胞状态一共隔着多少步？",
)
wrong("wrong_axis", cell_gradient, axis=1)(
    en="The products run over the hidden units. Which axis of `forget` is time?",
    zh="连乘沿着隐藏单元的方向进行了。`forget` 的哪个轴是时间？",
)
