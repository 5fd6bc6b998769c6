"""Known mistakes of the unit `pronoun`."""

import math

import torch
import torch.nn.functional as F

from autograder.mistakes.entry import wrong

# predict


def _rnn(word, h, c, params):
    return torch.tanh(word @ params["w_xh"] + h @ params["w_hh"] + params["b"]), c


def _lstm(word, h, c, params):
    i, f, g, o = (word @ params["w_x"] + h @ params["w_h"] + params["b"]).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def _conv(x, w, b, dilation=1):
    around = len(w) // 2 * dilation
    return F.conv1d(x.mT, w.permute(2, 1, 0), b, padding=around, dilation=dilation).mT


def _attended(x, params):
    q, k, v = (x @ params[name] for name in ("w_q", "w_k", "w_v"))
    return torch.softmax(q @ k.mT / math.sqrt(k.shape[-1]), -1) @ v


def _stack(x, params, first=0, layer=lambda x, w, b, last: _conv(x, w, b).relu()):
    layers = list(zip(params["w"], params["b"], strict=True))[first:]
    for number, (w, b) in enumerate(layers, 1):
        x = layer(x, w, b, number == len(layers))
    return x


def _recurrent(kind, x, params, first, keep, shown):
    weight, step = ("w_hh", _rnn) if kind == "rnn" else ("w_h", _lstm)
    h = c = first(x.new_zeros(len(x), len(params[weight])))
    outputs = []
    for word in x.unbind(1):
        h, c = step(word, h, c, params)
        outputs.append(shown(h, c))
        h, c = keep(h, c)
    return torch.stack(outputs, 1)


def predict(
    kind,
    tokens,
    params,
    *,
    only=(),
    embedded=lambda x: x,
    first=torch.zeros_like,
    keep=lambda h, c: (h, c),
    shown=lambda h, c: h,
    stack=_stack,
    at=lambda y: y[:, -1],
    head=lambda y, params: y @ params["out_w"] + params["out_b"],
    result=lambda logits: logits,
):
    """only: the kinds that a mistake is about; the others are as they should be."""
    if only and kind not in only:
        return predict(kind, tokens, params)
    x = embedded(params["embed"][tokens])
    if kind == "attention":
        y = _attended(x, params)
    elif kind == "convolution":
        y = stack(x, params)
    else:
        y = _recurrent(kind, x, params, first, keep, shown)
    return result(head(at(y), params))


wrong("first_output", predict, at=lambda y: y[:, 0])(
    en="These are scores from the first word's output. Where in the sentence does the pronoun "
    "stand?",
    zh="这是从第一个词的输出得到的分数。代词在句子的什么位置？",
)
wrong("middle_output", predict, at=lambda y: y[:, y.shape[1] // 2])(
    en="These are scores from the output in the middle. Where does the pronoun stand?",
    zh="这是从中间位置的输出得到的分数。代词在什么位置？",
)
wrong("mean_output", predict, at=lambda y: y.mean(1))(
    en="The outputs of all words were averaged. The score comes from what the layer gives at one.",
    zh="对所有词的输出取了平均。分数只来自层在一个词处的输出。",
)
wrong("sum_output", predict, at=lambda y: y.sum(1))(
    en="The outputs of all words were added up. The score comes from what the layer gives at one.",
    zh="把所有词的输出加了起来。分数只来自层在一个词处的输出。",
)
wrong("every_output", predict, at=lambda y: y)(
    en="There are scores for every word. They are asked of one word of each sentence.",
    zh="每个词都有了分数。题目只要求每个句子中一个词处的分数。",
)
wrong("wrong_axis", predict, at=lambda y: y[-1])(
    en="The last sentence of the batch was taken, with all its words. Which axis is the time?",
    zh="取的是批次中最后一个句子的全部词。哪个轴是时间？",
)
wrong("no_output_bias", predict, head=lambda y, params: y @ params["out_w"])(
    en="The scores lack out_b.",
    zh="分数里缺少 out_b。",
)
wrong("probabilities", predict, result=lambda logits: logits.softmax(-1))(
    en="These are probabilities. The scores themselves, the logits, are asked for: what does a "
    "cross-entropy take?",
    zh="这是概率。题目要的是分数本身，即 logits：交叉熵需要的是什么？",
)
wrong("probabilities", predict, result=lambda logits: logits.log_softmax(-1))(
    en="These are logarithms of probabilities. The scores themselves, the logits, are asked for.",
    zh="这是概率的对数。题目要的是分数本身，即 logits。",
)
wrong("squashed", predict, result=[torch.tanh, torch.relu, torch.sigmoid])(
    en="Something bends the scores after out_w and out_b. The head is linear.",
    zh="在 out_w 和 out_b 之后又对分数做了非线性变换。输出层是线性的。",
)
wrong("scaled_embedding", predict, embedded=lambda x: x * math.sqrt(x.shape[-1]))(
    en="The embedded words are multiplied by √D, as in the Transformer. Here they are taken as "
    "they stand in embed.",
    zh="词嵌入乘了 √D，像 Transformer 那样。这里直接使用 embed 中的行。",
)
wrong("first_state_ones", predict, first=torch.ones_like)(
    en="The walk starts from ones. What are states and cells before the first word?",
    zh="从全 1 的状态开始了。读第一个词之前，隐藏状态和细胞状态是什么？",
)
wrong("cell_for_state", predict, only=("lstm",), shown=lambda h, c: c)(
    en="These scores come from the LSTM's cell. Which of the two does an LSTM show to others?",
    zh="这些分数来自 LSTM 的细胞状态。LSTM 对外输出的是两者中的哪一个？",
)
wrong("cell_not_kept", predict, only=("lstm",), keep=lambda h, c: (h, 0 * c))(
    en="Every step of the LSTM starts from an empty cell. What does a step return besides the "
    "state?",
    zh="LSTM 的每一步都从空的细胞状态开始。除了隐藏状态，每一步还返回什么？",
)
wrong("state_not_kept", predict, only=("lstm",), keep=lambda h, c: (0 * h, c))(
    en="Every step of the LSTM starts from a state of zeros: only the cell is handed on.",
    zh="LSTM 的每一步都从全零的隐藏状态开始：传下去的只有细胞状态。",
)
wrong("results_swapped", predict, only=("lstm",), keep=lambda h, c: (c, h))(
    en="State and cell have changed places on the way from one step to the next. In which order "
    "does `lstm_step` return them?",
    zh="隐藏状态和细胞状态在传给下一步时互换了。`lstm_step` 按什么顺序返回它们？",
)


def _stacked(**how):
    return lambda x, params: _stack(x, params, **how)


wrong(
    "no_relu",
    predict,
    only=("convolution",),
    stack=_stacked(layer=lambda x, w, b, _: _conv(x, w, b)),
)(
    en="Nothing bends between the layers, so that they are one linear map. What comes after each?",
    zh="层与层之间没有非线性，合起来只是一个线性映射。每层之后是什么？",
)


def _dilated(x, params):
    for number, (w, b) in enumerate(zip(params["w"], params["b"], strict=True)):
        x = _conv(x, w, b, 2**number).relu()
    return x


wrong("dilated", predict, only=("convolution",), stack=_dilated)(
    en="The layers are dilated, more from layer to layer. Here each is `conv1d` without dilation.",
    zh="各层带了逐层增大的空洞。这里每一层都是不带空洞的 `conv1d`。",
)
wrong(
    "last_relu_missing",
    predict,
    only=("convolution",),
    stack=_stacked(layer=lambda x, w, b, last: _conv(x, w, b) if last else _conv(x, w, b).relu()),
)(
    en="The last layer's output is not cut off at zero as the others' are.",
    zh="最后一层的输出没有像其他层那样在零处截断。",
)
wrong(
    "relu_first",
    predict,
    only=("convolution",),
    stack=_stacked(layer=lambda x, w, b, _: _conv(x.relu(), w, b)),
)(
    en="What goes into each layer is cut off at zero; what comes out of it should be.",
    zh="在零处截断的是每层的输入，应当是每层的输出。",
)
wrong(
    "other_bend",
    predict,
    only=("convolution",),
    stack=[
        _stacked(layer=lambda x, w, b, _: _conv(x, w, b).tanh()),
        _stacked(layer=lambda x, w, b, _: F.gelu(_conv(x, w, b))),
    ],
)(
    en="Another function than ReLU stands after each convolution.",
    zh="每个卷积之后用的不是 ReLU，而是别的函数。",
)
wrong("one_layer", predict, only=("convolution",), stack=_stacked(first=-1))(
    en="Only the last of the layers reads the words. Each reads what the layer before it gave.",
    zh="只有最后一层读了词。每一层读的应是前一层的输出。",
)
wrong(
    "one_layer",
    predict,
    only=("convolution",),
    stack=lambda x, params: _conv(x, params["w"][0], params["b"][0]).relu(),
)(
    en="Only the first of the layers is there. How many does the first axis of w hold?",
    zh="只用了第一层。w 的第一个轴上有多少层？",
)
wrong(
    "layers_reversed",
    predict,
    only=("convolution",),
    stack=lambda x, params: _stack(x, {name: params[name].flip(0) for name in ("w", "b")}),
)(
    en="The layers come in reversed order.",
    zh="各层的顺序颠倒了。",
)
wrong(
    "layer_bias_missing",
    predict,
    only=("convolution",),
    stack=_stacked(layer=lambda x, w, b, _: _conv(x, w, 0 * b).relu()),
)(
    en="The convolutions' biases are missing.",
    zh="缺少卷积的偏置。",
)

# gradients


def _scaled(factor):
    """What clips gradients by multiplying all by factor(norm, max_norm)."""

    def clip(gradients, max_norm):
        norm = torch.cat([g.flatten() for g in gradients.values()]).norm()
        times = factor(norm, max_norm)
        return {name: times * gradient for name, gradient in gradients.items()}

    return clip


def _factor(norm, max_norm):
    return max_norm / norm if norm > max_norm else 1.0


CLIP = _scaled(_factor)


def _each(clip):
    return lambda gradients, most: {name: clip(g, most) for name, g in gradients.items()}


def gradients(
    kind,
    tokens,
    nouns,
    params,
    max_norm,
    *,
    loss=F.cross_entropy,
    clip=CLIP,
    result=lambda loss, gradients: (loss, gradients),
):
    with torch.enable_grad():
        leaves = {name: param.detach().requires_grad_() for name, param in params.items()}
        value = loss(predict(kind, tokens, leaves), nouns)
        found = torch.autograd.grad(value, list(leaves.values()), materialize_grads=True)
    return result(value.detach(), clip(dict(zip(leaves, found, strict=True)), max_norm))


def _right_scores(logits, nouns):
    return logits.gather(1, nouns[:, None])


wrong(
    "sum_not_mean",
    gradients,
    loss=lambda logits, nouns: F.cross_entropy(logits, nouns, reduction="sum"),
)(
    en="The sentences' losses are added up. With a larger batch, would the step become longer?",
    zh="把各句子的损失加了起来。批次变大时，步长也会变大吗？",
)
wrong(
    "softmax_twice",
    gradients,
    loss=lambda logits, nouns: F.cross_entropy(logits.softmax(-1), nouns),
)(
    en="A softmax is taken twice: what does a cross-entropy do with the numbers that it is given?",
    zh="做了两次 softmax：交叉熵会对给它的数做什么？",
)
wrong(
    "no_logarithm",
    gradients,
    loss=lambda logits, nouns: -_right_scores(logits.softmax(-1), nouns).mean(),
)(
    en="This is the mean probability of the right noun, with a minus sign. A cross-entropy takes "
    "its logarithm.",
    zh="这是正确名词的平均概率加上负号。交叉熵要取它的对数。",
)
wrong("no_softmax", gradients, loss=lambda logits, nouns: -_right_scores(logits, nouns).mean())(
    en="This is the right noun's score with a minus sign, which has no end. What makes "
    "probabilities of scores?",
    zh="这是正确名词的分数加上负号，它没有下界。怎样把分数变成概率？",
)
wrong(
    "log_of_softmax",
    gradients,
    loss=lambda logits, nouns: -_right_scores(logits.softmax(-1), nouns).log().mean(),
)(
    en="A probability that is too small for a number is 0, and its logarithm is not finite. "
    "Softmax and logarithm belong into one function.",
    zh="太小的概率会变成 0，它的对数不是有限数。softmax 和对数应当合在一个函数里算。",
)
wrong(
    "epsilon_in_logarithm",
    gradients,
    loss=[
        lambda logits, nouns: -(_right_scores(logits.softmax(-1), nouns) + 1e-8).log().mean(),
        lambda logits, nouns: -(_right_scores(logits.softmax(-1), nouns) + 1e-12).log().mean(),
    ],
)(
    en="A small number was added before the logarithm. Softmax and logarithm belong into one "
    "function, which needs none.",
    zh="取对数之前加了一个很小的数。把 softmax 和对数合在一个函数里算，就不需要它了。",
)
wrong(
    "squared_error",
    gradients,
    loss=lambda logits, nouns: F.mse_loss(
        logits.softmax(-1), F.one_hot(nouns, logits.shape[-1]).to(logits.dtype)
    ),
)(
    en="This is a squared error. The cross-entropy is asked for.",
    zh="这是平方误差。题目要求的是交叉熵。",
)
wrong(
    "base_two", gradients, loss=lambda logits, nouns: F.cross_entropy(logits, nouns) / math.log(2)
)(
    en="The logarithm has base 2. For a network that knows nothing it would be log₂ K.",
    zh="对数以 2 为底。对一无所知的网络，它会是 log₂ K。",
)
wrong(
    "over_nouns",
    gradients,
    loss=lambda logits, nouns: F.cross_entropy(logits, nouns) / logits.shape[-1],
)(
    en="The mean was taken over the nouns as well as over the sentences.",
    zh="除了对句子取平均，还对名词取了平均。",
)
wrong("epsilon", gradients, clip=_scaled(lambda n, most: most / (n + 1e-6) if n > most else 1.0))(
    en="A small number was added to the norm. Afterwards the norm is to be max_norm, exactly.",
    zh="范数上加了一个很小的数。裁剪之后范数应恰好等于 max_norm。",
)
wrong("epsilon", gradients, clip=_scaled(lambda n, most: (most / (n + 1e-6)).clamp(max=1.0)))(
    en="A small number was added to the norm, as in `clip_grad_norm_`. Afterwards the norm is to "
    "be max_norm, exactly.",
    zh="范数上加了一个很小的数，`clip_grad_norm_` 就是这样。裁剪之后范数应恰好等于 max_norm。",
)
wrong("scaled_when_small", gradients, clip=_scaled(lambda norm, most: most / norm))(
    en="Gradients whose norm is below max_norm become larger. They are to stay as they are.",
    zh="范数小于 max_norm 的梯度被放大了。它们应保持不变。",
)
wrong("normalised", gradients, clip=_scaled(lambda norm, most: 1 / norm if norm > most else 1.0))(
    en="What is clipped comes out with a norm of 1. Which norm is asked for?",
    zh="裁剪之后的范数成了 1。题目要求的是多少？",
)
wrong("not_clipped", gradients, clip=lambda found, most: found)(
    en="The gradients are as they were: max_norm has no effect.",
    zh="梯度还是原来的：max_norm 没有起作用。",
)
wrong("clipped_each", gradients, clip=_each(lambda g, most: g * _factor(g.norm(), most)))(
    en="Each of the gradients was clipped by its own norm, so that their common direction is "
    "another. There is one norm over all.",
    zh="每个梯度按自己的范数裁剪，合起来的方向就变了。范数是对全部梯度求的一个。",
)
wrong("clipped_by_value", gradients, clip=_each(lambda g, most: g.clamp(-most, most)))(
    en="Each number was cut off at max_norm. The norm of all gradients together is meant.",
    zh="每个数都在 max_norm 处截断了。指的是全部梯度合起来的范数。",
)
wrong("squared_norm", gradients, clip=_scaled(lambda norm, most: _factor(norm**2, most)))(
    en="The sum of the squares is taken for the norm: the root is missing.",
    zh="把平方和当成了范数：缺少开方。",
)
wrong(
    "sum_of_norms",
    gradients,
    clip=lambda found, most: {
        name: g * _factor(sum(each.norm() for each in found.values()), most)
        for name, g in found.items()
    },
)(
    en="The norms of the gradients were added up. What is the norm of all their numbers together?",
    zh="把各梯度的范数加了起来。全部数合在一起的范数是多少？",
)
wrong(
    "largest_norm",
    gradients,
    clip=lambda found, most: {
        name: g * _factor(max(each.norm() for each in found.values()), most)
        for name, g in found.items()
    },
)(
    en="The largest of the gradients' norms was taken. One norm runs over all their numbers.",
    zh="取了各梯度范数中最大的一个。范数应对全部的数求一个。",
)
wrong("uphill", gradients, clip=_scaled(lambda norm, most: -_factor(norm, most)))(
    en="The gradients have the wrong sign. It is the optimiser that walks against them.",
    zh="梯度的符号反了。逆着梯度走是优化器的事。",
)
wrong("results_swapped", gradients, result=lambda loss, found: (found, loss))(
    en="The loss comes first, then the gradients.",
    zh="先是损失，然后是梯度。",
)
wrong("loss_missing", gradients, result=lambda loss, found: found)(
    en="Only the gradients came back: the loss is asked for as well.",
    zh="只返回了梯度：损失也要返回。",
)
wrong("list_for_dict", gradients, result=lambda loss, found: (loss, list(found.values())))(
    en="The gradients came back without their names: a dict is asked for, with the keys of params.",
    zh="返回的梯度没有名字：应是与 params 同键的字典。",
)
wrong(
    "embedding_left_out",
    gradients,
    result=lambda loss, found: (loss, {n: g for n, g in found.items() if n != "embed"}),
)(
    en="There is no gradient for embed: its rows are learned, too.",
    zh="缺少 embed 的梯度：它的各行也是学出来的。",
)
wrong(
    "embedding_frozen",
    gradients,
    result=lambda loss, found: (loss, found | {"embed": 0 * found["embed"]}),
)(
    en="The gradient of embed is zero: something cuts it off from the loss. Its rows are learned, "
    "too.",
    zh="embed 的梯度是零：它与损失之间断开了。它的各行也是学出来的。",
)

# train


def _adam(beta=0.9, beta_square=0.999, eps=1e-8, corrected=True, inside=False, decay=0.0):
    def step(param, gradient, state, number, lr):
        m, v = state or (torch.zeros_like(param), torch.zeros_like(param))
        m = beta * m + (1 - beta) * gradient
        v = beta_square * v + (1 - beta_square) * gradient**2
        m_hat, v_hat = m, v
        if corrected:
            m_hat, v_hat = m / (1 - beta**number), v / (1 - beta_square**number)
        size = (v_hat + eps).sqrt() if inside else v_hat.sqrt() + eps
        return param * (1 - lr * decay) - lr * m_hat / size, (m, v)

    return step


def _descent(param, gradient, state, number, lr):
    return param - lr * gradient, None


def _momentum(param, gradient, state, number, lr):
    state = gradient if state is None else 0.9 * state + gradient
    return param - lr * state, state


ADAM = _adam()


def train(
    kind,
    batches,
    params,
    lr,
    max_norm,
    *,
    optimise=ADAM,
    order=list,
    clip=lambda max_norm: max_norm,
    rate=lambda lr, number: lr,
    kept=lambda state: state,
    added=lambda before, found: found,
    sign=1.0,
    frozen=(),
    written=lambda before, after: before,
    result=lambda params, losses, given: (params, losses),
):
    """written: a batch's entry among the losses, from that before the step and that after it."""
    given, params = params, {name: param.detach().clone() for name, param in params.items()}
    states, losses, before = dict.fromkeys(params), [], None
    for number, (tokens, nouns) in enumerate(order(batches), 1):
        loss, found = gradients(kind, tokens, nouns, params, clip(max_norm))
        before = found = added(before, found)
        for name, gradient in found.items():
            if name not in frozen:
                moved = optimise(
                    params[name], sign * gradient, kept(states[name]), number, rate(lr, number)
                )
                params[name], states[name] = moved
        after = gradients(kind, tokens, nouns, params, max_norm)[0]
        losses.append(written(loss, after))
    return result(params, torch.stack(losses), given)


wrong("plain_descent", train, optimise=_descent)(
    en="Each step follows the gradient as it is. Adam divides by its size: what does it keep from "
    "step to step?",
    zh="每一步直接沿梯度走。Adam 会除以梯度的大小：它在各步之间保留了什么？",
)
wrong("plain_descent", train, optimise=_momentum)(
    en="This is descent with momentum. Adam also divides by the gradient's size.",
    zh="这是带动量的下降。Adam 还会除以梯度的大小。",
)
wrong("weight_decay", train, optimise=_adam(decay=0.01))(
    en="The params shrink a little at every step, as AdamW does it. Adam's default is no decay.",
    zh="参数每一步都缩小一点，AdamW 就是这样。Adam 默认没有权重衰减。",
)
wrong("not_corrected", train, optimise=_adam(corrected=False))(
    en="The moments start at zero and are too small at first: what does Adam divide them by?",
    zh="两个矩从零开始，起初太小：Adam 会把它们除以什么？",
)
wrong("other_betas", train, optimise=[_adam(beta_square=0.99), _adam(beta_square=0.98)])(
    en="The mean of the squares forgets faster than by default: look at the second beta.",
    zh="平方的平均比默认遗忘得快：看看第二个 beta。",
)
wrong("other_betas", train, optimise=_adam(beta=0.0))(
    en="No momentum is left of Adam: look at the first beta.",
    zh="Adam 的动量没有了：看看第一个 beta。",
)
wrong("other_epsilon", train, optimise=[_adam(eps=1e-6), _adam(eps=1e-7), _adam(eps=0.0)])(
    en="The number that keeps Adam from dividing by zero is not the default one.",
    zh="防止 Adam 除以零的那个数不是默认值。",
)
wrong("epsilon_inside", train, optimise=_adam(inside=True))(
    en="Adam's epsilon stands under the root: it is added to the root.",
    zh="Adam 的 epsilon 放在了根号里面：它应加在开方之后。",
)
ANEW = wrong("optimiser_made_anew", train, kept=lambda state: None)(
    en="Adam forgets what it knew from step to step. Is the optimiser made inside the loop?",
    zh="Adam 在各步之间忘掉了它所知道的。优化器是不是在循环里面创建的？",
)
wrong("optimiser_made_anew", train, optimise=lambda p, g, s, n, lr: ADAM(p, g, None, 1, lr))(**ANEW)


def _sum_up(before, found):
    return found if before is None else {name: before[name] + g for name, g in found.items()}


wrong("gradients_add_up", train, added=_sum_up)(
    en="Every step uses the gradients of all steps before it as well. What has to happen to them "
    "before the next ones are put there?",
    zh="每一步还用到了之前所有步的梯度。在放入新的梯度之前，旧的要怎样？",
)
wrong("not_clipped", train, clip=lambda max_norm: math.inf)(
    en="The gradients are not clipped: max_norm has no effect.",
    zh="梯度没有裁剪：max_norm 没有起作用。",
)
wrong("clipped_at_one", train, clip=lambda max_norm: 1.0)(
    en="The gradients are clipped at 1, whatever max_norm is.",
    zh="无论 max_norm 是多少，梯度都按 1 裁剪。",
)
wrong("own_rate", train, rate=lambda lr, number: 1e-3)(
    en="The learning rate is Adam's own default. Which one was given?",
    zh="学习率用的是 Adam 的默认值。给定的是多少？",
)
wrong("decaying_rate", train, rate=lambda lr, number: lr / math.sqrt(number))(
    en="The learning rate shrinks from step to step. It stays as given.",
    zh="学习率逐步变小了。它应保持给定的值。",
)
wrong("loss_after_step", train, written=lambda before, after: after)(
    en="Each loss is that after the step. It is asked for as it was before.",
    zh="记录的是每一步之后的损失。题目要的是这一步之前的。",
)
wrong("first_batch_only", train, order=lambda batches: [batches[0]] * len(batches))(
    en="Every step sees the first batch.",
    zh="每一步看到的都是第一个批次。",
)
wrong("batches_reversed", train, order=lambda batches: list(batches)[::-1])(
    en="The batches come in reversed order.",
    zh="批次的顺序颠倒了。",
)
wrong("last_batch_missing", train, order=lambda batches: list(batches)[: max(1, len(batches) - 1)])(
    en="There is a step too few: every batch has one.",
    zh="少走了一步：每个批次都要走一步。",
)
wrong("embedding_frozen", train, frozen=("embed",))(
    en="embed is as it was: its rows are learned, too.",
    zh="embed 没有变：它的各行也是学出来的。",
)
wrong("layer_frozen", train, frozen=("w_xh", "w_hh", "b", "w_x", "w_h", "w", "w_q", "w_k", "w_v"))(
    en="Only embed and the head are trained. The layer's own params are learned, too.",
    zh="只训练了 embed 和输出层。层自己的参数也要学。",
)
wrong("biases_frozen", train, frozen=("b", "out_b"))(
    en="The biases are as they were: they are learned, too.",
    zh="偏置没有变：它们也要学。",
)
wrong("uphill", train, sign=-1.0)(
    en="The loss grows from step to step: the steps go along the gradient, not against it.",
    zh="损失逐步变大：步子是沿着梯度走的，而不是逆着它。",
)
wrong("untrained", train, result=lambda params, losses, given: (dict(given), losses))(
    en="The params that come back are those that were given. Where did the trained ones go?",
    zh="返回的参数就是给定的那些。训练好的参数到哪里去了？",
)
wrong("results_swapped", train, result=lambda params, losses, given: (losses, params))(
    en="The params come first, then the losses.",
    zh="先是参数，然后是损失。",
)
wrong("losses_missing", train, result=lambda params, losses, given: params)(
    en="Only the params came back: the losses are asked for as well.",
    zh="只返回了参数：损失也要返回。",
)
wrong("last_loss_only", train, result=lambda params, losses, given: (params, losses[-1]))(
    en="Only the last loss came back: one is asked for of every batch.",
    zh="只返回了最后一个损失：每个批次都要有一个。",
)
wrong("mean_loss", train, result=lambda params, losses, given: (params, losses.mean()))(
    en="The mean of the losses came back: one is asked for of every batch.",
    zh="返回了损失的平均值：每个批次都要有一个。",
)

# accuracy


def accuracy(
    kind,
    tokens,
    nouns,
    params,
    *,
    chosen=lambda logits: logits.argmax(-1),
    share=lambda right: right.double().mean().item(),
    result=lambda share: share,
):
    return result(share(chosen(predict(kind, tokens, params)) == nouns))


wrong("lowest_chosen", accuracy, chosen=lambda logits: logits.argmin(-1))(
    en="The noun with the lowest score is taken.",
    zh="选的是分数最低的名词。",
)
wrong("second_chosen", accuracy, chosen=lambda logits: logits.topk(2).indices[:, 1])(
    en="The noun with the second highest score is taken.",
    zh="选的是分数第二高的名词。",
)
wrong("number_for_share", accuracy, share=lambda right: float(right.sum()))(
    en="This is how many sentences are right. Their share is asked for.",
    zh="这是答对的句子数。题目要的是所占的比例。",
)
wrong("number_for_share", accuracy, share=lambda right: int(right.sum()))(
    en="This is how many sentences are right. Their share is asked for.",
    zh="这是答对的句子数。题目要的是所占的比例。",
)
SHARES = [lambda right: right.double().mean().item(), lambda right: right.float().mean().item()]
wrong(
    "percentage",
    accuracy,
    share=SHARES,
    result=lambda share: 100 * share,
)(
    en="This is a percentage. A share from 0 to 1 is asked for.",
    zh="这是百分数。题目要的是 0 到 1 之间的比例。",
)
wrong(
    "share_of_wrong",
    accuracy,
    share=SHARES,
    result=lambda share: 1 - share,
)(
    en="This is the share of sentences that are wrong.",
    zh="这是答错的句子所占的比例。",
)
wrong("all_or_nothing", accuracy, share=lambda right: float(right.all()))(
    en="This is 1 only where all sentences are right. The share of those that are is asked for.",
    zh="只有全部答对时它才是 1。题目要的是答对的句子所占的比例。",
)
wrong(
    "rounded_share", accuracy, result=[lambda share: round(share, 2), lambda share: round(share, 4)]
)(
    en="The share is rounded. It is asked for as it is.",
    zh="比例被四舍五入了。请原样返回。",
)
wrong("tensor_for_number", accuracy, share=lambda right: right.double().mean())(
    en="This is a tensor. A number of Python's is asked for.",
    zh="这是张量。题目要的是 Python 的数。",
)
wrong("tensor_for_number", accuracy, share=lambda right: right.float().mean())(
    en="This is a tensor. A number of Python's is asked for.",
    zh="这是张量。题目要的是 Python 的数。",
)

# pronoun_weights


def pronoun_weights(
    tokens,
    params,
    *,
    asks=lambda x, params: x @ params["w_q"],
    asked=lambda x, params: x @ params["w_k"],
    divisor=lambda q, x: math.sqrt(q.shape[-1]),
    hide=lambda scores: scores,
    normalise=lambda scores: scores.softmax(-1),
    row=lambda weights: weights[:, -1],
):
    x = params["embed"][tokens]
    q, k = asks(x, params), asked(x, params)
    return row(normalise(hide(q @ k.mT / divisor(q, x))))


wrong("first_row", pronoun_weights, row=lambda weights: weights[:, 0])(
    en="These are the first word's weights. Where does the pronoun stand?",
    zh="这是第一个词的权重。代词在什么位置？",
)
wrong("column_for_row", pronoun_weights, row=lambda weights: weights[:, :, -1])(
    en="This is how much each word looks at the pronoun. How much does the pronoun look at each?",
    zh="这是每个词看代词的权重。代词看每个词的权重是多少？",
)
wrong("mean_row", pronoun_weights, row=lambda weights: weights.mean(1))(
    en="The weights of all words were averaged. The pronoun's own are asked for.",
    zh="对所有词的权重取了平均。题目要的是代词自己的权重。",
)
wrong("every_row", pronoun_weights, row=lambda weights: weights)(
    en="These are the weights of all words. The pronoun's own are asked for.",
    zh="这是所有词的权重。题目要的是代词自己的权重。",
)
wrong("query_axis_kept", pronoun_weights, row=lambda weights: weights[:, -1:])(
    en="The axis of the one query is still there: (N, T) is asked for.",
    zh="那个唯一的 query 的轴还留着：要求的形状是 (N, T)。",
)
wrong("no_scale", pronoun_weights, divisor=lambda q, x: 1.0)(
    en="The scores are not scaled. What would the dot products grow with, if it were left so?",
    zh="分数没有缩放。这样的话，点积会随着什么而增大？",
)
wrong("scale_by_d", pronoun_weights, divisor=lambda q, x: q.shape[-1])(
    en="The scores are divided by too much: the width itself is not its root.",
    zh="分数除得太多了：宽度本身并不是它的平方根。",
)
wrong("scale_by_width", pronoun_weights, divisor=lambda q, x: math.sqrt(x.shape[-1]))(
    en="The divisor comes from the words' width. Of which vectors are products taken?",
    zh="除数取自词的宽度。点积是在哪些向量之间做的？",
)
wrong("scale_by_length", pronoun_weights, divisor=lambda q, x: math.sqrt(x.shape[1]))(
    en="The divisor comes from the number of words. What do the dot products grow with?",
    zh="除数取自词的个数。点积是随什么增大的？",
)
wrong("no_softmax", pronoun_weights, normalise=lambda scores: scores)(
    en="These are the scores. What makes weights of them?",
    zh="这是分数。怎样把它们变成权重？",
)
wrong("softmax_over_queries", pronoun_weights, normalise=lambda scores: scores.softmax(1))(
    en="The softmax runs over the queries: over which axis do the words stand that are looked at?",
    zh="softmax 沿 query 计算了：被看的词排在哪个轴上？",
)
wrong("no_max", pronoun_weights, normalise=lambda s: s.exp() / s.exp().sum(-1, keepdim=True))(
    en="Large scores overflow. Your `softmax` of the unit `attention` knows what to do.",
    zh="很大的分数会溢出。单元 `attention` 里你的 `softmax` 知道该怎么办。",
)
wrong(
    "query_and_key_swapped",
    pronoun_weights,
    asks=lambda x, params: x @ params["w_k"],
    asked=lambda x, params: x @ params["w_q"],
)(
    en="Query and key have changed places: the pronoun asks, the words are asked.",
    zh="query 和 key 弄反了：提问的是代词，被问的是各个词。",
)
wrong("one_projection", pronoun_weights, asked=lambda x, params: x @ params["w_q"])(
    en="Queries and keys come from one and the same projection.",
    zh="query 和 key 用了同一个投影。",
)


def _not_itself(scores):
    hidden = torch.zeros_like(scores, dtype=torch.bool)
    hidden[..., -1] = scores.shape[-1] > 1
    return scores.masked_fill(hidden, -math.inf)


wrong("itself_hidden", pronoun_weights, hide=_not_itself)(
    en="The pronoun does not look at itself. It may: nothing is hidden here.",
    zh="代词没有看它自己。它可以看：这里什么都没有遮住。",
)

# made so often that one program may make two
COMMON = """
first_output mean_output no_output_bias cell_for_state no_relu last_relu_missing sum_not_mean
softmax_twice not_clipped epsilon scaled_when_small clipped_each loss_after_step gradients_add_up
optimiser_made_anew plain_descent first_row no_scale scale_by_d
""".split()
