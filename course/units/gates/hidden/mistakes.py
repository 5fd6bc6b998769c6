"""Known mistakes of the unit `gates`."""

import torch

from autograder.mistakes.entry import mistake, wrong

SIGMOIDS = [lambda total: 1 / (1 + (-total).exp()), lambda total: total.exp() / (1 + total.exp())]


def _by_size(total):
    """A sigmoid by the exponential of -|x|, which never overflows."""
    small = (-total.abs()).exp()
    return torch.where(total >= 0, 1 / (1 + small), small / (1 + small))


def lstm_step(
    x,
    h,
    c,
    w_x,
    w_h,
    b,
    *,
    order="ifgo",
    weights=lambda w: w,
    bias=lambda b: b,
    cut=lambda total: total.chunk(4, -1),
    gate=torch.sigmoid,
    more=0.0,
    candidate=torch.tanh,
    cell=lambda f, i, g, c, h: f * c + i * g,
    shown=lambda old, new, g: torch.tanh(new),
    result=lambda h, c: (h, c),
):
    """order: of the gates' blocks. more: to forget. shown: what the output gate sees."""
    i, f, g, o = cut(x @ weights(w_x) + h @ weights(w_h) + bias(b))
    part = dict(zip(order, (i, f, g, o), strict=True))
    i, f, o = gate(part["i"]), gate(part["f"] + more), gate(part["o"])
    g = candidate(part["g"])
    new = cell(f, i, g, c, h)
    return result(o * shown(c, new, g), new)


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
wrong("no_tanh", lstm_step, shown=lambda old, new, g: new)(
    en="The output gate is applied to the cell as it is. What does the cell pass through before it "
    "is shown?",
    zh="输出门直接作用在了细胞状态上。细胞状态在输出之前还要经过什么？",
)
wrong("old_cell", lstm_step, shown=lambda old, new, g: torch.tanh(old))(
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
wrong("candidate_shown", lstm_step, shown=[lambda old, new, g: g, lambda old, new, g: g.tanh()])(
    en="The output gate shows the candidate. What does it show of: what is written, or what has "
    "been kept as well?",
    zh="输出门展示的是候选值。它应展示的是刚写入的内容，还是连同保留下来的一起？",
)
wrong("tanh_gates", lstm_step, gate=torch.tanh)(
    en="The gates go through a tanh. How far a gate is open is a number between 0 and 1: which "
    "function gives one?",
    zh="门经过了 tanh。门开多大是 0 到 1 之间的数：哪个函数给出这样的数？",
)
wrong("no_sigmoid", lstm_step, gate=lambda total: total)(
    en="The gates are used as they come from the products. What makes them numbers between 0 and "
    "1?",
    zh="门直接用了乘积的结果。什么能把它们变成 0 到 1 之间的数？",
)
OVERFLOWS = wrong("sigmoid_overflows", lstm_step, gate=SIGMOIDS)(
    en="A sigmoid by hand: where its exponential overflows, the value or its gradient is NaN "
    "(∞/∞ or 0·∞). torch has one that does not.",
    zh="手写的 sigmoid：指数溢出时，值或它的梯度就不是数了（∞/∞ 或 0·∞）。torch 自带的 sigmoid 不"
    "会。",
)
BY_SIZE = wrong("flat_at_zero", lstm_step, gate=_by_size)(
    en="A sigmoid by hand with `abs`. Its values are right, but autograd takes the slope of |x| at "
    "0 for 0, and so the gradient where a gate's sum is exactly 0. Is there a way without `abs`?",
    zh="手写的 sigmoid 用了 `abs`。值是对的，但自动求导把 |x| 在 0 处的斜率当作 0，于是门的和恰好"
    "为 0 时梯度就成了 0。能不能不用 `abs`？",
)
wrong("forget_inverted", lstm_step, cell=lambda f, i, g, c, h: (1 - f) * c + i * g)(
    en="The forget gate works the wrong way round. When it is quite open, is the old cell kept or "
    "lost?",
    zh="遗忘门的作用反了。它完全打开时，旧的细胞状态是保留还是丢掉？",
)
wrong("coupled_gates", lstm_step, cell=lambda f, i, g, c, h: f * c + (1 - f) * g)(
    en="The input gate is taken for 1 - f, as in a GRU. It has a block of its own here.",
    zh="输入门被当成了 1 - f（像 GRU 那样）。在这里它有自己的一块。",
)
wrong("state_for_cell", lstm_step, cell=lambda f, i, g, c, h: f * h + i * g)(
    en="The forget gate scales the state h. Which of the two is the memory?",
    zh="遗忘门作用在了隐藏状态 h 上。两者之中哪一个才是记忆？",
)
wrong("cell_added", lstm_step, cell=lambda f, i, g, c, h: c + i * g)(
    en="Nothing of the old cell is forgotten: which gate scales it?",
    zh="旧的细胞状态一点也没有被遗忘：哪个门去乘它？",
)
wrong("forget_bias", lstm_step, more=1.0)(
    en="Something is added to the forget gate before its sigmoid. Some libraries begin training "
    "with such a bias; here b has all of it.",
    zh="遗忘门在经过 sigmoid 之前多加了一个数。有些库在训练开始时这样设置偏置；这里偏置全在 b 中。",
)
wrong("split_width", lstm_step, cut=lambda total: total.split(4, -1))(
    en="`split` wants to be told how wide a piece is, `chunk` how many there are.",
    zh="`split` 的参数是每一块的宽度，`chunk` 的参数才是块数。",
)
wrong("wrong_axis", lstm_step, cut=lambda total: total.chunk(4, 0))(
    en="The batch was cut into four parts. Along which axis do the gates' blocks stand?",
    zh="被切成四份的是批次。各个门的分块排在哪个轴上？",
)
wrong("interleaved", lstm_step, cut=lambda total: [total[:, k::4] for k in range(4)])(
    en="A gate got every fourth column. It owns one contiguous block of width H.",
    zh="一个门拿到的是每隔四列取一列。它应拥有宽度为 H 的一段连续的列。",
)
wrong(
    "tanh_of_product",
    lstm_step,
    shown=lambda old, new, g: new,
    result=lambda h, c: (h.tanh(), c),
)(
    en="The tanh is taken of the product with the output gate. What goes through it: what the gate "
    "lets out, or the cell before the gate?",
    zh="tanh 取在了与输出门相乘之后。经过 tanh 的应是什么：门放出来的，还是乘门之前的细胞状态？",
)
wrong("transposed_weights", lstm_step, weights=lambda w: w.T)(
    en="The matrices are transposed, as `nn.LSTM` keeps its own. Here they are (D, 4H) and (H, "
    "4H).",
    zh="矩阵被转置了（`nn.LSTM` 内部是那样存的）。这里的形状是 (D, 4H) 和 (H, 4H)。",
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
    columns=lambda w: w,
    biases=lambda b_x, b_h: (b_x, b_h),
    gate=torch.sigmoid,
    inner=lambda r, from_x, from_h: from_x + from_h,
    candidate=torch.tanh,
    added=lambda r, h, w, b: r * (h @ w + b),
    mix=lambda z, n, h: (1 - z) * n + z * h,
):
    """order: of the first two blocks. added: what the state adds to the candidate n."""
    width = h.shape[-1]
    w_x, w_h, b_x, b_h = map(columns, (w_x, w_h, *biases(b_x, b_h)))
    blocks = (x @ w_x + b_x + h @ w_h + b_h)[:, : 2 * width].chunk(2, -1)
    part = dict(zip(order, blocks, strict=True))
    r, z = gate(part["r"]), gate(part["z"])
    from_h = added(r, h, w_h[:, 2 * width :], b_h[2 * width :])
    from_x = (x @ w_x + b_x)[:, 2 * width :]
    return mix(z, candidate(inner(r, from_x, from_h)), h)


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
wrong(
    "reset_of_everything",
    gru_step,
    added=lambda r, h, w, b: h @ w + b,
    inner=lambda r, from_x, from_h: r * (from_x + from_h),
)(
    en="The reset gate scales what comes from the word, too. Of which part of the candidate does "
    "it decide?",
    zh="重置门把来自词的部分也缩放了。它只决定候选值的哪一部分？",
)
wrong("no_memory", gru_step, mix=lambda z, n, h: (1 - z) * n)(
    en="Nothing of the old state is kept. What is mixed with the candidate, and with which share?",
    zh="旧状态一点也没有保留。与候选值混合的是什么，占多大的份额？",
)
wrong("sigmoid_overflows", gru_step, gate=SIGMOIDS)(**OVERFLOWS)
wrong("flat_at_zero", gru_step, gate=_by_size)(**BY_SIZE)
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
wrong("biases_swapped", gru_step, biases=lambda b_x, b_h: (b_h, b_x))(
    en="The two biases stand in each other's place. Which one comes with the state, and is scaled "
    "by the reset gate?",
    zh="两个偏置用反了。哪一个属于状态、要由重置门来缩放？",
)
wrong("no_tanh", gru_step, candidate=lambda total: total)(
    en="The candidate is used as it comes from the sums. What keeps it between -1 and 1?",
    zh="候选值直接用了求和的结果。什么让它保持在 -1 与 1 之间？",
)
wrong(
    "interleaved",
    gru_step,
    columns=lambda w: torch.cat([w[..., k::3] for k in range(3)], -1),
)(
    en="A gate got every third column. It owns one contiguous block of width H.",
    zh="一个门拿到的是每隔三列取一列。它应拥有宽度为 H 的一段连续的列。",
)


def cell_gradient(
    forget,
    *,
    factor=lambda gates: gates,
    reverse=False,
    own=False,
    axis=0,
    combine=torch.cumprod,
    last=torch.ones_like,
    result=lambda products: products,
):
    """reverse: time. own: each row's own gate counts. last: what stands in the last row."""
    gates = factor(forget if reverse else forget.flip(axis))
    length = forget.shape[axis]
    if not own:
        first = last(gates.narrow(axis, 0, 1))
        gates = torch.cat([first, gates.narrow(axis, 0, length - 1)], axis)
    combined = combine(gates, axis)
    return result(combined if reverse else combined.flip(axis))


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
wrong(
    "sum_for_product", cell_gradient, combine=torch.cumsum, last=[torch.zeros_like, torch.ones_like]
)(
    en="The gates are added up. What does the chain rule do with the factors of successive steps?",
    zh="把各个门加了起来。链式法则怎样处理前后各步的因子？",
)
wrong("one_step_only", cell_gradient, combine=lambda gates, axis: gates)(
    en="Each row holds the next gate alone. How many steps lie between c_t and the last cell?",
    zh="每一行只有紧接着的那一个门。从 c_t 到最后的细胞状态一共隔着多少步？",
)


@mistake(
    "cell_gradient",
    "divided_products",
    en="The product of all rows is divided by that of the first ones: where a gate is 0, this is "
    "0/0. Multiply from the last row upwards.",
    zh="用全部行的乘积除以前几行的乘积：有门为 0 时就是 0/0。请从最后一行往上乘。",
)
def cell_gradient_divided(forget):
    return forget.prod(0) / forget.cumprod(0)


@mistake(
    "cell_gradient",
    "through_logarithms",
    en="A product by way of logarithms: that of a gate of 0 is -∞, and ∞ - ∞ is NaN, not a number. "
    "Multiply the gates themselves.",
    zh="通过对数来求乘积：门为 0 时对数是 -∞，而 ∞ - ∞ 没有意义。请直接把门相乘。",
)
def cell_gradient_through_logarithms(forget):
    logarithms = forget.log()
    return (logarithms.flip(0).cumsum(0).flip(0) - logarithms).exp()


LOGARITHMS = wrong(
    "through_logarithms", cell_gradient, combine=lambda gates, axis: gates.log().cumsum(axis).exp()
)(
    en="A product by way of logarithms: that of a gate of 0 is -∞, and so the gradient there is "
    "0·∞, which is NaN, not a number. Multiply the gates themselves.",
    zh="通过对数来求乘积：门为 0 时对数是 -∞，那里的梯度就是 0·∞，没有意义。请直接把门相乘。",
)


@mistake("cell_gradient", "through_logarithms", **LOGARITHMS)
def cell_gradient_through_all_logarithms(forget):
    """The first row's too, which no product holds."""
    sums = forget.log().flip(0).cumsum(0).flip(0)
    return torch.cat([sums[1:], torch.zeros_like(sums[:1])]).exp()


wrong("upside_down", cell_gradient, result=lambda products: products.flip(0))(
    en="The right products, upside down: whose product is the first row's?",
    zh="乘积是对的，但上下颠倒了：第一行应是哪些门的乘积？",
)
wrong(
    "last_row_zero", cell_gradient, result=lambda p: torch.cat([p[:-1], torch.zeros_like(p[-1:])])
)(
    en="The last row is zero. How much of the last cell comes from itself?",
    zh="最后一行是零。最后的细胞状态有多少来自它自己？",
)
wrong("slope_for_gate", cell_gradient, factor=lambda gates: gates * (1 - gates))(
    en="The slope of the sigmoid is multiplied. `forget` holds the gates after it, and a cell is "
    "multiplied by the gate itself.",
    zh="乘的是 sigmoid 的斜率。`forget` 中的门已经过 sigmoid，细胞状态乘的就是门本身。",
)
wrong("wrong_axis", cell_gradient, axis=1)(
    en="The products run over the hidden units. Which axis of `forget` is time?",
    zh="连乘沿着隐藏单元的方向进行了。`forget` 的哪个轴是时间？",
)


# made so often that one program may make two
COMMON = """
gate_order gates_swapped sigmoid_candidate no_tanh old_cell results_swapped no_bias
reset_before_matmul bias_outside_reset no_reset interpolation_swapped off_by_one reversed_time
sum_for_product
""".split()
