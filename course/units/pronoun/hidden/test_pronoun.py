"""What the unit `pronoun` pins. The truth is torch's own layers and autograd, and Adam by hand."""

from functools import cache, partial
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from autograder.core.language import say
from autograder.testing.calls import Failure
from autograder.testing.compare import (
    assert_close,
    assert_dict_close,
    assert_each_close,
    assert_gradients,
    assert_unchanged,
)
from autograder.testing.edges import FAR
from course.shared.layers64 import conv64, lstm_step64, rnn64, self_attention64, through

STEPS = {"rnn": rnn64, "lstm": lstm_step64, "convolution": conv64, "attention": self_attention64}
KINDS = list(STEPS)
EARLIER = {  # what each is built on
    "rnn": ("rnn", "rnn"),
    "lstm": ("gates", "lstm_step"),
    "convolution": ("receptive_field", "conv1d"),
    "attention": ("self_attention", "self_attention"),
}
NAMES = {
    "rnn": ["w_xh", "w_hh", "b"],
    "lstm": ["w_x", "w_h", "b"],
    "convolution": ["w", "b"],
    "attention": ["w_q", "w_k", "w_v"],
}
READS = {"rnn": ["w_xh"], "lstm": ["w_x"], "convolution": ["w"], "attention": NAMES["attention"]}
SIZES = [(2, 7, 11, 5, 3), (1, 4, 5, 3, 7), (3, 1, 7, 2, 5), (4, 4, 4, 4, 4)]  # N, T, V, D, K
SMALL = (3, 4, 7, 5, 2)
LONG = (1, 129, 5, 3, 2)
WIDTHS = {  # H; layers and taps; d_k and d_v
    "rnn": [(4,), (6,), (4,), (4,)],
    "lstm": [(4,), (6,), (4,), (4,)],
    "convolution": [(2, 3), (1, 5), (3, 3), (4, 3)],
    "attention": [(4, 6), (2, 8), (3, 4), (4, 4)],
}
ALONE = {kind: (1, 3) if kind == "convolution" else WIDTHS[kind][0] for kind in KINDS}  # one layer
LR, NONE = 0.03, float("inf")
DISTANCES = [2, 5, 10, 20, 40, 80]
FILLERS, IT = (8, 28), 28  # of the shipped networks' vocabulary
CLEAR = 1e-2  # of logits of some units; float32 errs by about 1e-5
SHIPPED = Path(__file__).parents[3] / "parameters"

# inputs


def network(draw, kind, v, d, k, *widths, dtype=torch.float64):
    """Params of a kind; widths: see WIDTHS. No bias is zero."""
    if kind == "convolution":
        layers, taps = widths
        own = {"w": draw.normal(layers, taps, d, d, std=(2 / taps / d) ** 0.5)}
        own["b"], h = draw.normal(layers, d, std=0.3), d
    elif kind == "attention":
        d_k, h = widths
        own = {"w_q": draw.weight(d, d_k), "w_k": draw.weight(d, d_k), "w_v": draw.weight(d, h)}
    else:
        (h,) = widths
        many = 4 if kind == "lstm" else 1
        own = {name: draw.weight(n, many * h) for name, n in zip(NAMES[kind], (d, h), strict=False)}
        own["b"] = draw.normal(many * h, std=0.3)
    params = {"embed": draw.normal(v, d), "out_w": draw.weight(h, k), "out_b": draw.normal(k)}
    return {name: param.to(dtype) for name, param in (params | own).items()}


def batch(draw, n, t, v, d, k):
    """Random sentences and nouns."""
    return [draw.integers(0, v, n, t), draw.integers(0, k, n)]


def told(draw, kind, sizes, params):
    """Sentences whose nouns are told clearly, and nouns that are theirs for some, not for all."""
    tokens, _ = batch(draw, 8 * sizes[0], *sizes[1:])
    best = predict64(kind, tokens, in_float64(params)).topk(2)
    clearest = (best.values[:, 0] - best.values[:, 1]).argsort()[-4 * sizes[0] :]
    nouns, some = best.indices[clearest, 0], sizes[0] + 1
    nouns[:some] = (nouns[:some] + 1) % sizes[-1]
    return [tokens[clearest], nouns]


def arguments(draw, exercise, kind, sizes, widths, params=None, dtype=torch.float64):
    """What a function of the unit is called with."""
    if params is None:
        params = network(draw, kind, *sizes[2:], *widths, dtype=dtype)
    tokens, nouns = batch(draw, *sizes)
    if exercise == "predict":
        return [kind, tokens, params]
    if exercise == "gradients":
        return [kind, tokens, nouns, params, 0.1]
    if exercise == "train":
        return [kind, [batch(draw, *sizes) for _ in range(2)], params, LR, 0.1]
    if exercise == "accuracy":
        return [kind, *told(draw, kind, sizes, params), params]
    return [tokens, params]


def edges(draw, kind):
    """Params of SMALL with exact zeros and ones, zeros alone, very large and small numbers."""
    v, d, k = SMALL[2:]
    for factor in (FAR, 1 / FAR):
        params = network(draw, kind, v, d, k, *ALONE[kind])
        params["embed"] *= factor
        params["out_b"] *= 0
        for name in READS[kind]:
            params[name] /= factor
        yield params
    for zeros in ({"embed"}, {*NAMES[kind], "out_w"}):
        params = network(draw, kind, v, d, k, *ALONE[kind])
        for name, param in params.items():
            flat = param.view(-1)
            flat[::5], flat[1::5] = 0, 1
            if name in zeros:
                param.zero_()
        if kind == "convolution":
            params["b"] += 0.5  # no ReLU at exactly 0, where its gradient is what one likes
        yield params


def in_float64(value):
    """Params, whatever their dtype."""
    return {name: param.double() for name, param in value.items()}


# the truth


def predict64(kind, tokens, params, steps=STEPS):
    """The logits; steps: by kind, what makes the layer's outputs."""
    x, own = params["embed"][tokens], [params[name] for name in NAMES[kind]]
    step = steps[kind]
    if kind == "rnn":
        last = step(x, x.new_zeros(len(x), len(params["w_hh"])), *own)[:, -1]
    elif kind == "lstm":
        last = c = x.new_zeros(len(x), len(params["w_h"]))
        for word in x.unbind(1):
            last, c = step(word, last, c, *own)
    elif kind == "convolution":
        for w, b in zip(*own, strict=True):
            x = step(x, w, b).relu()
        last = x[:, -1]
    else:
        last = step(x, *own)[:, -1]
    return last @ params["out_w"] + params["out_b"]


def gradients64(kind, tokens, nouns, params, max_norm, predict=predict64):
    """The loss and its gradients, all of them multiplied by max_norm / norm where that is < 1."""
    leaves = {name: param.detach().double().requires_grad_() for name, param in params.items()}
    loss = F.cross_entropy(predict(kind, tokens, leaves), nouns)
    found = torch.autograd.grad(loss, list(leaves.values()), materialize_grads=True)
    norm = torch.cat([gradient.flatten() for gradient in found]).norm().item()
    factor = max_norm / norm if norm > max_norm else 1.0
    pairs = zip(leaves, found, strict=True)
    return loss.detach(), {name: factor * gradient for name, gradient in pairs}


def train64(kind, batches, params, lr, max_norm, gradients=gradients64):
    """Adam, written out: both moments, corrected for their start, and the step."""
    params, losses = {name: param.double() for name, param in params.items()}, []
    first = {name: torch.zeros_like(param) for name, param in params.items()}
    second = dict(first)
    for step, (tokens, nouns) in enumerate(batches, 1):
        loss, found = gradients(kind, tokens, nouns, params, max_norm)
        for name, gradient in found.items():
            first[name] = 0.9 * first[name] + 0.1 * gradient
            second[name] = 0.999 * second[name] + 0.001 * gradient**2
            size = (second[name] / (1 - 0.999**step)).sqrt() + 1e-8
            params[name] = params[name] - lr * first[name] / (1 - 0.9**step) / size
        losses.append(loss)
    return params, torch.stack(losses)


def accuracy64(kind, tokens, nouns, params, predict=predict64):
    """The share of the sentences whose noun has the highest logit."""
    right = predict(kind, tokens, in_float64(params)).argmax(-1) == nouns
    return right.double().mean().item()


def weights64(tokens, params, project=None, attention=None):
    """The last row of the softmax; project, attention: in place of the lines that are theirs."""
    x, own = params["embed"][tokens], [params[name] for name in NAMES["attention"]]
    q, k, v = project(x, *own) if project else [x @ w for w in own]
    if attention:
        return attention(q, k, v)[1][:, -1]
    return (q @ k.mT / k.shape[-1] ** 0.5).softmax(-1)[:, -1]


TRUTH = {
    "predict": predict64,
    "gradients": gradients64,
    "train": train64,
    "accuracy": accuracy64,
    "pronoun_weights": weights64,
}

# comparisons, and who is to blame


def compare(exercise, got, expected, dtype=torch.float64):
    """Fail unless a function of the unit gave what is right."""
    __tracebackhide__ = True
    if exercise == "accuracy":
        assert_close(got, expected, absolute=1e-6)
    elif exercise == "gradients":
        loss, found = two(got, ["the loss", "gradients"])
        assert_dict_close(found, expected[1], name="gradients", dtype=dtype, absolute=NONE)
        assert_close(loss, expected[0], dtype=dtype, name="the loss")
        assert_near(found, expected[1], "gradients", dtype)
    elif exercise == "train":
        params, losses = two(got, ["params", "the losses"])
        if dtype == torch.float64:
            assert_close(losses, expected[1], name="the losses")
            assert_near(params, expected[0], "params", dtype)
        else:  # there Adam makes steps of what is rounding
            assert_started(params, losses, *expected, dtype)
    else:
        assert_close(got, expected, dtype=dtype)


def two(got, names):
    """Both parts of a result, unless it has not two."""
    __tracebackhide__ = True
    if not isinstance(got, (list, tuple)) or len(got) != 2:
        assert_each_close(got, [0.0, 0.0], names)
    return got


def assert_near(got, expected, name, dtype):
    """Fail unless each tensor is right to eight digits of the largest number in any of them."""
    __tracebackhide__ = True
    largest = max(value.abs().max().item() for value in expected.values())
    relative = 1e-8 if dtype == torch.float64 else 2e-5
    allowed = relative * largest + 1e-12
    assert_dict_close(got, expected, name=name, dtype=dtype, absolute=allowed)


def assert_started(params, losses, expected, expected_losses, dtype):
    """Fail unless dtypes and shapes are right, and the first loss."""
    __tracebackhide__ = True
    assert_dict_close(params, expected, name="params", dtype=dtype, absolute=NONE)
    assert_close(losses, expected_losses, name="the losses", dtype=dtype, absolute=NONE)
    assert_close(losses[0], expected_losses[0], name="the first loss", dtype=dtype)


def assert_right(student, exercise, *args, dtype=torch.float64):
    """Fail unless a function gives what is right; where another one is wrong, the failure says so.

    That is where it gives what a right program does on the student's other function.
    """
    __tracebackhide__ = True
    function = getattr(student.pronoun, exercise)
    got = function(*args)
    try:
        compare(exercise, got, truth(exercise, args), dtype)
    except Failure as failure:
        if not failure.help_id:  # otherwise its cause is known already
            blame(student, exercise, args, got, dtype, failure)
            function(*args)  # a mistake is looked for in the last call
        raise


def truth(exercise, args, **other):
    """What is right, in float64."""
    args = [in_float64(a) if isinstance(a, dict) else a for a in args]
    return TRUTH[exercise](*args, **other)


def blame(student, exercise, args, got, dtype, failure):
    """Fail if a right program gives the same on one of the student's other functions."""
    __tracebackhide__ = True
    for unit, name, other in others(student, exercise, args):
        try:
            compare(exercise, got, truth(exercise, args, **other), dtype)
        except (Failure, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError,
                ValueError):  # fmt: skip
            continue
        told = {"function": exercise, "name": name, "unit": unit, "failure": failure.message}
        if unit == "pronoun":
            message = say(
                "`%(function)s` is right on your `%(name)s`, which is to be mended first. "
                "%(failure)s",
                **{key: told[key] for key in ("function", "name", "failure")},
            )
        else:
            message = say(
                "`%(function)s` is right on your `%(name)s` of the unit %(unit)s, which is to be "
                "mended first. %(failure)s",
                **told,
            )
        help_id = "earlier_function" if unit == "pronoun" else "earlier_unit"
        raise Failure(message, help_id=help_id) from None


def others(student, exercise, args):
    """The student's functions that one may build on, and what the truth takes in their place."""
    if exercise == "pronoun_weights":
        yield "self_attention", "project", {"project": through(student.self_attention.project)}
        yield "attention", "attention", {"attention": through(student.attention.attention)}
        return
    kind = args[0]
    unit, name = EARLIER[kind]
    steps = STEPS | {kind: through(getattr(getattr(student, unit), name))}
    yield unit, name, _on(exercise, partial(predict64, steps=steps))
    if exercise == "predict":
        return

    def predicted(kind, tokens, params):
        names = list(params)
        own = through(
            student.pronoun.predict,
            lambda given: [kind, tokens, dict(zip(names, given, strict=True))],
        )
        return own(*params.values())

    yield "pronoun", "predict", _on(exercise, predicted)
    if exercise == "train":
        yield "pronoun", "gradients", {"gradients": student.pronoun.gradients}


def _on(exercise, predict):
    """What makes the truth of an exercise that of a program on another `predict`."""
    if exercise == "predict":
        return {"steps": predict.keywords["steps"]}
    return (
        {"gradients": partial(gradients64, predict=predict)}
        if exercise == "train"
        else {"predict": predict}
    )


# checks that several exercises share


def check_values(student, draw, exercise, kind, longest=LONG):
    """Several sizes, one of them long; one sentence, one word, and where every size is equal."""
    __tracebackhide__ = True
    calls = list(zip(SIZES, WIDTHS[kind], strict=True))
    for sizes, widths in [*calls, (longest, ALONE[kind])] if longest else calls:
        assert_right(student, exercise, *arguments(draw, exercise, kind, sizes, widths))


def check_edges(student, draw, exercise, kind):
    """Exact zeros and ones, tensors of zeros, and numbers of 1e12 and 1e-12."""
    __tracebackhide__ = True
    for params in edges(draw, kind):
        args = arguments(draw, exercise, kind, SMALL, (), params)
        if exercise in ("gradients", "train"):
            args[-1] = NONE  # clipped, all but the largest would be nothing
        if exercise == "train":
            args[1] = args[1][:1]
        assert_right(student, exercise, *args)


def check_every_call(student, draw, exercise, kind):
    """Dtype, strides, arguments that stay, and one of them another at every call."""
    __tracebackhide__ = True
    widths = WIDTHS[kind][0]
    function = getattr(student.pronoun, exercise)
    for dtype in (torch.float32, torch.float64):
        args = arguments(draw, exercise, kind, SMALL, widths, dtype=dtype)
        assert_right(student, exercise, *args, dtype=dtype)
    got = assert_unchanged(function, *args)  # with the same numbers
    compare(exercise, got, truth(exercise, args))
    for position, other in enumerate(arguments(draw, exercise, kind, SMALL, widths)):
        if not isinstance(other, (str, float)):
            args[position] = strided(other)
            assert_right(student, exercise, *args)


def strided(value):
    """Tensors whose columns lie together, where they have any."""
    if isinstance(value, torch.Tensor):
        return value.mT.contiguous().mT if value.ndim > 1 else value
    if isinstance(value, dict):
        return {name: strided(tensor) for name, tensor in value.items()}
    return [tuple(map(strided, pair)) for pair in value]


@pytest.mark.exercise("predict")
def test_predict_rnn(student, draw):
    """Kind rnn: its state after the last word, times out_w plus out_b.

    At several sizes, and for hundreds of words.
    Catches: another state than the last, a first state of ones, no bias at the output.
    """
    check_values(student, draw, "predict", "rnn")


@pytest.mark.exercise("predict")
def test_predict_lstm(student, draw):
    """Kind lstm: its state h, not the cell c, after the last word, times out_w plus out_b.

    At several sizes, and for hundreds of words.
    Catches: c for h, a cell or a state that is not handed on.
    """
    check_values(student, draw, "predict", "lstm")


@pytest.mark.exercise("predict")
def test_predict_convolution(student, draw):
    """Kind convolution: layer upon layer, ReLU after each, the last too, times out_w plus out_b.

    At several sizes, and for hundreds of words.
    Catches: no ReLU, one layer of several, ReLU before a layer, the middle word for the last.
    """
    check_values(student, draw, "predict", "convolution")


@pytest.mark.exercise("predict")
def test_predict_attention(student, draw):
    """Kind attention: what the last word gets, from all words, times out_w plus out_b.

    At several sizes, and for hundreds of words.
    Catches: another row of the output, the mean over the words, no root.
    """
    check_values(student, draw, "predict", "attention")


@pytest.mark.exercise("predict")
def test_predict_edges(student, draw):
    """Exact zeros and ones, tensors of zeros, and numbers of 1e12 and 1e-12.

    Catches: numbers cut off or taken for zero, words of zeros taken for padding.
    """
    for kind in KINDS:
        check_edges(student, draw, "predict", kind)


@pytest.mark.exercise("predict")
def test_predict_every_call(student, draw):
    """float32 too, any strides, one other argument at every call; the arguments stay as they are.

    Catches: float64 returned, first states of the default dtype, a result kept, in-place work.
    """
    for kind in KINDS:
        check_every_call(student, draw, "predict", kind)


@pytest.mark.exercise("predict", kind="gradient")
def test_predict_gradient_recurrent(student, draw):
    """Autograd reaches all params, embed too, over dozens of words.

    Catches: a graph cut by `detach`, `.data` or NumPy between the words or at embed.
    """
    for kind in ("rnn", "lstm"):
        check_gradients(student, draw, kind)


@pytest.mark.exercise("predict", kind="gradient")
def test_predict_gradient_parallel(student, draw):
    """Autograd reaches all params, embed too, over dozens of words.

    Catches: a graph cut by `detach`, `.data` or NumPy between the layers or at embed.
    """
    for kind in ("convolution", "attention"):
        check_gradients(student, draw, kind)


def check_gradients(student, draw, kind):
    """The gradients of the logits, at several sizes and at the edges."""
    __tracebackhide__ = True
    sizes = [(SMALL, WIDTHS[kind][0]), ((1, 65, 5, 3, 2), ALONE[kind])]
    calls = [[size, network(draw, kind, *size[2:], *widths)] for size, widths in sizes]
    calls += [[SMALL, params] for params in edges(draw, kind)]
    for size, params in calls:
        tokens, _ = batch(draw, *size)
        cotangent = draw.normal(size[0], size[-1])
        args = [kind, tokens, params]
        assert_gradients(student.pronoun.predict, predict64, args, cotangent, list(params))


# gradients


@pytest.mark.exercise("gradients")
def test_gradients_values(student, draw):
    """The mean of the cross-entropy, and each gradient as it is where the norm is not above.

    For every kind and at several sizes. Catches: a sum or the mean over other numbers, gradients
    of one sentence, a key left out, gradients of an earlier call added, scaled when small.
    """
    for kind in KINDS:
        for sizes, widths in zip(SIZES, WIDTHS[kind], strict=True):
            *args, _ = arguments(draw, "gradients", kind, sizes, widths)
            above = NONE if sizes == SIZES[0] else 1.001 * norm_of(*args)
            assert_right(student, "gradients", *args, above)


@pytest.mark.exercise("gradients")
def test_gradients_long(student, draw):
    """Sentences of dozens of words, step by step and at once.

    Catches: a limit on the length, the last words only.
    """
    for kind in ("lstm", "attention"):
        args = arguments(draw, "gradients", kind, (1, 65, 5, 3, 2), ALONE[kind])
        assert_right(student, "gradients", *args)


@pytest.mark.exercise("gradients")
def test_gradients_clipped(student, draw):
    """One norm over all of them, and exactly max_norm afterwards, however small it is.

    Catches: an epsilon in the denominator, each tensor clipped by itself, each number cut off,
    a square without its root, the loss clipped too.
    """
    for kind, shares in zip(
        KINDS, ((0.999, 0.1), (0.5, 1e-3), (0.9, 1e-6), (0.7, 0.01)), strict=True
    ):
        args = arguments(draw, "gradients", kind, SMALL, WIDTHS[kind][0])
        norm = norm_of(*args[:-1])
        for share in shares:
            assert_right(student, "gradients", *args[:-1], share * norm)


def norm_of(kind, tokens, nouns, params):
    """The norm of all gradients together."""
    found = gradients64(kind, tokens, nouns, params, NONE)[1].values()
    return torch.cat([gradient.flatten() for gradient in found]).norm().item()


@pytest.mark.exercise("gradients")
def test_gradients_zero(student, draw):
    """Zeros for what the loss does not depend on: words that do not occur, a layer that is silent.

    And where all gradients are zero, for there is but one noun, they stay so. Catches: None for
    zeros, 0/0, a division by a norm of zero.
    """
    for kind in KINDS:
        args = arguments(draw, "gradients", kind, (3, 1, 7, 5, 2), WIDTHS[kind][0])
        args[1][:] = 4  # one word, always the same, which no word comes before
        assert_right(student, "gradients", *args)
        alone = arguments(draw, "gradients", kind, (2, 3, 7, 5, 1), WIDTHS[kind][0])
        for max_norm in (0.5, NONE):
            assert_right(student, "gradients", *alone[:4], max_norm)
    args = arguments(draw, "gradients", "convolution", SMALL, (2, 3))
    args[3]["b"][1] -= 1e3  # of whose layer nothing is above zero
    assert_right(student, "gradients", *args)


@pytest.mark.exercise("gradients")
def test_gradients_large(student, draw):
    """Logits in the thousands, one of them far above the others.

    Catches: the logarithm of a softmax that is 0, overflow, an epsilon inside the logarithm.
    """
    for kind in KINDS:
        args = arguments(draw, "gradients", kind, SMALL, WIDTHS[kind][0])
        args[3]["out_b"] += torch.tensor([4e3, -3e3], dtype=torch.float64)
        assert_right(student, "gradients", *args)


@pytest.mark.exercise("gradients")
def test_gradients_edges(student, draw):
    """Exact zeros and ones, tensors of zeros, and numbers of 1e12 and 1e-12.

    Catches: numbers cut off or taken for zero, words of zeros taken for padding.
    """
    for kind in ("rnn", "attention"):
        check_edges(student, draw, "gradients", kind)


@pytest.mark.exercise("gradients")
def test_gradients_every_call(student, draw):
    """float32 too, any strides, one other argument at every call; the arguments stay as they are.

    Catches: float64 returned, gradients of an earlier call added, in-place work.
    """
    for kind in ("lstm", "convolution"):
        check_every_call(student, draw, "gradients", kind)


# train


def check_training(student, draw, kind, steps, *, max_norm):
    """Some steps on batches of several sizes, whose sentences are of several lengths."""
    __tracebackhide__ = True
    n, t, v, d, k = SMALL
    params = network(draw, kind, v, d, k, *WIDTHS[kind][0])
    batches = [batch(draw, n + i % 2, t - i % 3, v, d, k) for i in range(steps)]
    assert_right(student, "train", kind, batches, params, LR, max_norm)


@pytest.mark.exercise("train")
def test_train_rnn(student, draw):
    """Some steps of Adam, kind rnn, clipped and not; the losses are those before each step.

    Catches: the loss after its step, plain gradient descent, another beta or epsilon, moments that
    begin anew or are not corrected for their start, gradients that add up, no clipping, one batch.
    """
    check_training(student, draw, "rnn", 5, max_norm=0.3)
    check_training(student, draw, "rnn", 1, max_norm=NONE)


@pytest.mark.exercise("train")
def test_train_lstm(student, draw):
    """Some steps of Adam, kind lstm, clipped and not; the losses are those before each step.

    Catches: the loss after its step, plain gradient descent, another beta or epsilon, moments that
    begin anew or are not corrected for their start, gradients that add up, no clipping, one batch.
    """
    check_training(student, draw, "lstm", 5, max_norm=0.3)
    check_training(student, draw, "lstm", 1, max_norm=NONE)


@pytest.mark.exercise("train")
def test_train_convolution(student, draw):
    """Some steps of Adam, kind convolution, clipped and not; the losses are those before each step.

    Catches: the loss after its step, plain gradient descent, another beta or epsilon, moments that
    begin anew or are not corrected for their start, gradients that add up, no clipping, one batch.
    """
    check_training(student, draw, "convolution", 5, max_norm=0.3)
    check_training(student, draw, "convolution", 1, max_norm=NONE)


@pytest.mark.exercise("train")
def test_train_attention(student, draw):
    """Some steps of Adam, kind attention, clipped and not; the losses are those before each step.

    Catches: the loss after its step, plain gradient descent, another beta or epsilon, moments that
    begin anew or are not corrected for their start, gradients that add up, no clipping, one batch.
    """
    check_training(student, draw, "attention", 5, max_norm=0.3)
    check_training(student, draw, "attention", 1, max_norm=NONE)


@pytest.mark.exercise("train")
def test_train_twenty_steps(student, draw):
    """Twenty steps, and what differs in each adds up. Catches: a limit on the steps."""
    check_training(student, draw, "rnn", 20, max_norm=0.3)


@pytest.mark.exercise("train")
def test_train_edges(student, draw):
    """Exact zeros and ones, tensors of zeros, and numbers of 1e12 and 1e-12.

    Catches: numbers cut off or taken for zero.
    """
    for kind in ("rnn", "attention"):
        check_edges(student, draw, "train", kind)


@pytest.mark.exercise("train")
def test_train_every_call(student, draw):
    """float32 too, any strides, one other argument at every call; params stay as they are.

    Catches: params trained in place, float64 returned, moments kept from an earlier call.
    """
    for kind in ("rnn", "attention"):
        check_every_call(student, draw, "train", kind)


# accuracy


@pytest.mark.exercise("accuracy")
def test_accuracy_values(student, draw):
    """The share of sentences whose noun is told, for every kind; all, some or none.

    Catches: a number of sentences, a percentage, the lowest logit, a tensor for a number.
    """
    for kind in KINDS:
        check_values(student, draw, "accuracy", kind, longest=None)
    args = arguments(draw, "accuracy", "rnn", SMALL, (4,))
    right = predict64(*args[:2], args[3]).argmax(-1)
    for nouns in (args[2], right, 1 - right):
        assert_right(student, "accuracy", *args[:2], nouns, args[3])


@pytest.mark.exercise("accuracy")
def test_accuracy_edges(student, draw):
    """Exact zeros and ones, tensors of zeros, and numbers of 1e12 and 1e-12.

    And two logits that differ in the tenth digit. Catches: numbers cut off, float32 inside.
    """
    check_edges(student, draw, "accuracy", "convolution")
    args = arguments(draw, "accuracy", "rnn", SMALL, (4,))
    args[2][:] = 1
    args[3]["out_w"] *= 0
    args[3]["out_b"] = torch.tensor([1.0, 1 + 1e-9], dtype=torch.float64)
    assert_right(student, "accuracy", *args)


@pytest.mark.exercise("accuracy")
def test_accuracy_every_call(student, draw):
    """float32 too, any strides, one other argument at every call; the arguments stay as they are.

    Catches: a result kept, in-place work.
    """
    check_every_call(student, draw, "accuracy", "rnn")


@pytest.mark.exercise("accuracy")
def test_accuracy_by_distance(student, draw, figure):
    """Trained networks, from 2 to 80 words: what each can tell at a distance, and what not.

    Catches: whatever makes another network of the trained one.
    """
    asked = {kind: [clear(draw, kind, distance) for distance in DISTANCES] for kind in KINDS}
    curves = {
        kind: [student.pronoun.accuracy(kind, *args, trained(kind)) for *args, _ in asked[kind]]
        for kind in KINDS
    }
    figure("accuracy_by_distance", {"x": DISTANCES, **curves})
    for kind, curve in curves.items():
        for (*_, expected), share in zip(asked[kind], curve, strict=True):
            assert_close(share, expected, absolute=1e-6, name=f"accuracy({kind!r}, …)")


@cache
def trained(kind):
    """The shipped params, from course/train_pronoun.py. They are shared: do not change them."""
    return load_file(SHIPPED / f"pronoun_{kind}.safetensors")


def clear(draw, kind, distance, count=24):
    """Sentences, nouns, and the share that is told; left out is what rounding would decide."""
    tokens, nouns = draw.integers(*FILLERS, count, distance + 2), draw.integers(0, 8, count)
    tokens[:, 0], tokens[:, -1] = nouns, IT
    best = predict64(kind, tokens, in_float64(trained(kind))).topk(2)
    keep = best.values[:, 0] - best.values[:, 1] > CLEAR
    right = best.indices[keep, 0] == nouns[keep]
    return tokens[keep], nouns[keep], right.double().mean().item()


# pronoun_weights


@pytest.mark.exercise("pronoun_weights")
def test_pronoun_weights_values(student, draw):
    """The last word's weights over all words, at several sizes and for hundreds of words.

    Catches: another word's row, the last column, scores without a softmax or without their root.
    """
    check_values(student, draw, "pronoun_weights", "attention")


@pytest.mark.exercise("pronoun_weights")
def test_pronoun_weights_edges(student, draw):
    """Exact zeros and ones, tensors of zeros, and numbers of 1e12 and 1e-12; large scores.

    Catches: numbers cut off or taken for zero, no maximum subtracted.
    """
    check_edges(student, draw, "pronoun_weights", "attention")
    args = arguments(draw, "pronoun_weights", "attention", SMALL, (4, 6))
    args[1]["w_q"] *= 1e4
    assert_right(student, "pronoun_weights", *args)


@pytest.mark.exercise("pronoun_weights")
def test_pronoun_weights_every_call(student, draw):
    """float32 too, any strides, one other argument at every call; the arguments stay as they are.

    Catches: float64 returned, a result kept, in-place work.
    """
    check_every_call(student, draw, "pronoun_weights", "attention")


@pytest.mark.exercise("pronoun_weights", kind="gradient")
def test_pronoun_weights_gradient(student, draw):
    """Autograd reaches embed, w_q and w_k, over hundreds of words and at the edges.

    Catches: a graph cut by `detach`, `.data` or NumPy.
    """
    made = partial(arguments, draw, "pronoun_weights", "attention")
    calls = [made(SMALL, WIDTHS["attention"][0]), made(LONG, ALONE["attention"])]
    calls += [made(SMALL, (), params) for params in edges(draw, "attention")]
    for param in calls[0][1].values():  # no matrix is zero, where no gradient is left
        param.view(-1)[::5], param.view(-1)[1::5] = 0, 1
    for tokens, params in calls:
        cotangent, given = draw.normal(*tokens.shape), [tokens, params]
        assert_gradients(student.pronoun.pronoun_weights, weights64, given, cotangent, list(params))


# devices


@pytest.mark.exercise("predict", kind="device")
def test_predict_on_a_gpu(student, draw):
    """Each kind. Catches: first states of zeros on the CPU."""
    for kind in KINDS:
        args = arguments(draw, "predict", kind, (2, 2, 5, 3, 4), WIDTHS[kind][0])
        assert_right(student, "predict", *args)


@pytest.mark.exercise("gradients", kind="device")
def test_gradients_on_a_gpu(student, draw):
    """Catches: a norm of zero made on the CPU, a loss on the CPU."""
    args = arguments(draw, "gradients", "attention", (2, 3, 5, 4, 3), (4, 6))
    assert_right(student, "gradients", *args)


@pytest.mark.exercise("train", kind="device")
def test_train_on_a_gpu(student, draw):
    """Catches: moments of zeros on the CPU, losses made on the CPU."""
    args = arguments(draw, "train", "attention", (2, 3, 5, 4, 3), (4, 6))
    assert_right(student, "train", *args)


@pytest.mark.exercise("accuracy", kind="device")
def test_accuracy_on_a_gpu(student, draw):
    """Catches: NumPy, predictions gathered on the CPU."""
    args = arguments(draw, "accuracy", "attention", (2, 3, 5, 4, 3), (4, 6))
    assert_right(student, "accuracy", *args)


@pytest.mark.exercise("pronoun_weights", kind="device")
def test_pronoun_weights_on_a_gpu(student, draw):
    """Catches: NumPy, a mask made on the CPU."""
    args = arguments(draw, "pronoun_weights", "attention", (2, 3, 5, 4, 3), (4, 6))
    assert_right(student, "pronoun_weights", *args)
