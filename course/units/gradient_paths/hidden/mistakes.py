"""Known mistakes of the unit `gradient_paths`."""

import math

import torch

from autograder.mistakes.entry import wrong


def _rnn(word, h, c, params):
    return torch.tanh(word @ params["w_xh"] + h @ params["w_hh"] + params["b"]), c


def _lstm(word, h, c, params):
    i, f, g, o = (word @ params["w_x"] + h @ params["w_h"] + params["b"]).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _outputs(
    kind, x, params, keep=lambda h, c: (h, c), shown=lambda h, c: h, first=torch.zeros_like
):
    """The outputs at every position, (N, T, H) or (N, T, d_v)."""
    if kind == "attention":
        q, k, v = (x @ params[name] for name in ("w_q", "w_k", "w_v"))
        return torch.softmax(q @ k.mT / math.sqrt(k.shape[-1]), -1) @ v
    weight, step = ("w_hh", _rnn) if kind == "rnn" else ("w_h", _lstm)
    h = c = first(x.new_zeros(len(x), len(params[weight])))
    outputs = []
    for word in x.unbind(1):
        h, c = step(word, h, c, params)
        outputs.append(shown(h, c))
        h, c = keep(h, c)
    return torch.stack(outputs, 1)


def _cut(h, c):
    return h.detach(), c.detach()


def gradient_by_distance(
    kind,
    x,
    params,
    *,
    only=(),
    loss=lambda y: y[:, -1].sum(),
    felt=lambda loss, y, x: torch.autograd.grad(loss(y), x)[0],
    norm=lambda gradient: torch.linalg.vector_norm(gradient, dim=(0, 2)),
    result=lambda norms: norms,
    **slots,
):
    """only: the kinds that a mistake is about; the others are as they should be."""
    if only and kind not in only:
        return gradient_by_distance(kind, x, params)
    with torch.enable_grad():
        x = x.detach().clone().requires_grad_()
        gradient = felt(loss, _outputs(kind, x, params, **slots), x)
    return result(norm(gradient))


for _only in ((), ("rnn", "attention")):  # of an LSTM one keeps the last state anyhow
    wrong("all_outputs", gradient_by_distance, only=_only, loss=torch.sum)(
        en="The outputs of every position were added up before the gradient was taken. Here only "
        "the last word asks what it feels of the others.",
        zh="求梯度之前把所有位置的输出都加起来了。这里只问最后一个词对其他词有多敏感。",
    )
for _only in ((), ("rnn", "attention")):  # of an LSTM one keeps the last state anyhow
    wrong("wrong_axis", gradient_by_distance, only=_only, loss=lambda y: y[-1].sum())(
        en="The last sentence of the batch was taken, with all its words. Which axis of the "
        "outputs is the time?",
        zh="取的是批次中最后一个句子的全部词。输出的哪个轴是时间？",
    )
wrong("first_output", gradient_by_distance, loss=lambda y: y[:, 0].sum())(
    en="This is what the first output feels. The question is asked of the last one.",
    zh="这是第一个输出的敏感度，题目问的是最后一个输出。",
)
wrong("first_output", gradient_by_distance, only=("attention",), loss=lambda y: y[:, 0].sum())(
    en="Of the attention, this is what the first output feels. The question is asked of the last.",
    zh="对于注意力，这是第一个输出的敏感度，题目问的是最后一个输出。",
)
wrong("first_state_ones", gradient_by_distance, first=torch.ones_like)(
    en="The walk starts from ones. What are states and cells before the first word?",
    zh="从全 1 的状态开始了。读第一个词之前，隐藏状态和细胞状态是什么？",
)
wrong("mean_not_sum", gradient_by_distance, loss=lambda y: y[:, -1].mean())(
    en="The loss averages over the last output. The gradient is asked of its sum.",
    zh="损失取了最后输出的平均值，题目要求的是它的和的梯度。",
)
wrong("norm_for_sum", gradient_by_distance, loss=lambda y: y[:, -1].norm())(
    en="The gradient is that of the last output's norm. It is asked of the sum of its numbers; the "
    "norm is taken of the gradient.",
    zh="求的是最后输出的范数的梯度。题目要求对其元素之和求梯度，范数是对梯度取的。",
)
wrong("reversed_time", gradient_by_distance, result=lambda norms: norms.flip(0))(
    en="The right numbers in reversed order: entry t belongs to word t, so the nearest word stands "
    "at the end.",
    zh="数值正确，但顺序颠倒了：第 t 个元素对应第 t 个词，最近的词在最后。",
)
wrong("norm_per_sentence", gradient_by_distance, norm=lambda g: g.norm(dim=2))(
    en="There is a norm for every sentence. One norm runs over the whole batch and the width.",
    zh="每个句子各有一个范数。题目要求对整个批次和宽度只取一个范数。",
)
wrong("norm_per_sentence", gradient_by_distance, norm=lambda g: g.norm(dim=2).mean(0))(
    en="Each sentence's norm was taken first and then their mean. One norm runs over the whole "
    "batch and the width.",
    zh="先对每个句子取范数再求平均。题目要求对整个批次和宽度只取一个范数。",
)
wrong("norm_per_sentence", gradient_by_distance, norm=lambda g: g.norm(dim=2).sum(0))(
    en="Each sentence's norm was taken first and then their sum. One norm runs over the whole "
    "batch and the width.",
    zh="先对每个句子取范数再求和。题目要求对整个批次和宽度只取一个范数。",
)
wrong("batch_summed_first", gradient_by_distance, norm=lambda g: g.sum(0).norm(dim=1))(
    en="The sentences' gradients were added before the norm was taken, so that they cancel. What "
    "does each single number contribute to a norm?",
    zh="取范数之前先把各句子的梯度相加，它们会互相抵消。每个数对范数各有什么贡献？",
)
wrong("batch_summed_first", gradient_by_distance, norm=lambda g: g.mean(0).norm(dim=1))(
    en="The sentences' gradients were averaged before the norm was taken, so that they cancel. "
    "What does each single number contribute to a norm?",
    zh="取范数之前先对各句子的梯度求平均，它们会互相抵消。每个数对范数各有什么贡献？",
)
wrong("one_sentence", gradient_by_distance, norm=lambda g: g[0].norm(dim=1))(
    en="Only the first sentence counts here. The norm runs over the whole batch.",
    zh="这里只算了第一个句子。范数应覆盖整个批次。",
)
wrong("wrong_axis", gradient_by_distance, norm=lambda g: torch.linalg.vector_norm(g, dim=(0, 1)))(
    en="The norm runs over the time, so that no position has a number of its own. Which axes are "
    "the batch and the width?",
    zh="范数沿时间轴计算，各位置没有自己的数值了。哪些轴是批次和宽度？",
)
wrong("squared_norm", gradient_by_distance, norm=lambda g: g.square().sum((0, 2)))(
    en="The squares are added up, but a 2-norm does not end there.",
    zh="平方已经求和，但 2-范数还没有算完。",
)
wrong("wrong_norm", gradient_by_distance, norm=lambda g: g.abs().sum((0, 2)))(
    en="These are sums of absolute values, a 1-norm. The 2-norm is asked for.",
    zh="这是绝对值之和，即 1-范数。题目要求的是 2-范数。",
)
wrong("wrong_norm", gradient_by_distance, norm=lambda g: g.abs().mean((0, 2)))(
    en="This is the mean of the absolute values. The 2-norm is asked for.",
    zh="这是绝对值的平均。题目要求的是 2-范数。",
)
wrong("wrong_norm", gradient_by_distance, norm=lambda g: g.square().mean((0, 2)).sqrt())(
    en="This is the root of the mean of the squares, which gets smaller in a larger batch. A norm "
    "does not average.",
    zh="这是均方根，批次越大它越小。范数不取平均。",
)
wrong("wrong_norm", gradient_by_distance, norm=lambda g: g.sum((0, 2)))(
    en="The gradient's numbers were added with their signs, so that they cancel. The 2-norm is "
    "asked for.",
    zh="梯度的元素带着符号相加，会互相抵消。题目要求的是 2-范数。",
)
wrong("wrong_norm", gradient_by_distance, norm=lambda g: g.abs().amax((0, 2)))(
    en="This is the largest number of each gradient. The 2-norm is asked for.",
    zh="这是每个梯度中最大的元素。题目要求的是 2-范数。",
)
wrong("matrix_norm", gradient_by_distance, norm=lambda g: torch.linalg.norm(g, 2, (0, 2)))(
    en="This is the norm of a matrix, its largest singular value: `torch.linalg.norm` takes it "
    "where `ord` and two axes are given. The 2-norm of all the numbers is asked for.",
    zh="这是矩阵的范数，即最大的奇异值：同时给出 `ord` 和两个轴时，`torch.linalg.norm` 算的就是它。"
    "题目要求的是全部元素的 2-范数。",
)
wrong("normalised", gradient_by_distance, result=lambda norms: norms / norms[-1])(
    en="The norms were divided by the last one. Return them as they are.",
    zh="各范数都除以了最后一个范数。请原样返回。",
)
wrong("normalised", gradient_by_distance, result=lambda norms: norms / norms.max())(
    en="The norms were divided by the largest. Return them as they are.",
    zh="各范数都除以了最大的范数。请原样返回。",
)
wrong("normalised", gradient_by_distance, result=lambda norms: norms / norms.sum())(
    en="The norms were divided by their sum. Return them as they are.",
    zh="各范数都除以了它们的和。请原样返回。",
)
wrong("no_gradient", gradient_by_distance, felt=lambda loss, y, x: y.detach())(
    en="These are the sizes of the outputs themselves. How much the last one changes when an input "
    "does is another question.",
    zh="这是各输出本身的大小。输入变化时最后一个输出变化多少，是另一个问题。",
)
for _kind in ("rnn", "lstm"):
    wrong("detached", gradient_by_distance, only=(_kind,), keep=_cut)(
        en="Only the last word is felt: the graph is cut between one step and the next.",
        zh="只有最后一个词有影响：计算图在步与步之间被切断了。",
    )
wrong("cell_for_state", gradient_by_distance, only=("lstm",), shown=lambda h, c: c)(
    en="This is the gradient of the LSTM's cell. Which of the two does an LSTM show to others?",
    zh="这是 LSTM 细胞状态的梯度。LSTM 对外输出的是两者中的哪一个？",
)
wrong("cell_not_kept", gradient_by_distance, only=("lstm",), keep=lambda h, c: (h, 0 * c))(
    en="Every step of the LSTM starts from an empty cell. What does a step return besides the "
    "state?",
    zh="LSTM 的每一步都从空的细胞状态开始。除了隐藏状态，每一步还返回什么？",
)
wrong("results_swapped", gradient_by_distance, only=("lstm",), keep=lambda h, c: (c, h))(
    en="State and cell have changed places on the way from one step to the next. In which order "
    "does `lstm_step` return them?",
    zh="隐藏状态和细胞状态在传给下一步时互换了。`lstm_step` 按什么顺序返回它们？",
)


# made so often that one program may make two
COMMON = """
all_outputs first_output mean_not_sum reversed_time norm_per_sentence batch_summed_first
one_sentence squared_norm wrong_norm normalised cell_for_state
""".split()
