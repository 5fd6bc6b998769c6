"""Public tests of the unit `pronoun`: run `pytest test_pronoun.py`."""

import math

import pytest
import torch

from autograder.testing.compare import (
    assert_close,
    assert_dict_close,
    assert_each_close,
    assert_gradients,
    assert_unchanged,
)

NOUNS, WORDS, IT = 8, 28, 28  # ids of nouns, of nouns and fillers, of the pronoun


def numbers(*rows):
    """A float64 tensor, written number by number or row by row."""
    return torch.tensor(rows, dtype=torch.float64)


def wave(first, *shape):
    """Some float64 numbers between -1 and 1: sin(first), sin(first + 1), sin(first + 2), …"""
    return (first + torch.arange(torch.Size(shape).numel()).double()).sin().reshape(shape)


def lstm():
    """Two sentences of three words, D=3, H=2, and params for two nouns."""
    params = {"embed": wave(0, 5, 3), "out_w": wave(1, 2, 2), "out_b": wave(2, 2)}
    return torch.tensor([[0, 3, 4], [1, 2, 4]]), params | {
        "w_x": wave(3, 3, 8),
        "w_h": wave(4, 2, 8),
        "b": wave(5, 8),
    }


def silent():
    """Attention over words of zeros, D=2: only out_b is left of the logits of two nouns."""
    zeros = torch.zeros(2, 2, dtype=torch.float64)
    params = {"embed": torch.zeros(4, 2, dtype=torch.float64), "out_w": wave(0, 2, 2)}
    return params | {"out_b": numbers(0.0, 0.0), "w_q": zeros, "w_k": zeros, "w_v": zeros}


def by_heart(draw):
    """Sixteen sentences of a noun, two filler words and the pronoun; an RNN that knows nothing."""
    tokens = draw.integers(NOUNS, WORDS, 16, 4)
    tokens[:, 0], tokens[:, -1] = torch.arange(16) % NOUNS, IT
    params = {"embed": draw.normal(IT + 1, 32), "out_b": torch.zeros(NOUNS, dtype=torch.float64)}
    params |= {"w_xh": draw.weight(32, 32), "w_hh": draw.weight(32, 32), "b": 0 * draw.normal(32)}
    return tokens, tokens[:, 0], params | {"out_w": draw.weight(32, NOUNS) / 100}


def two(got, first, second):
    """Both parts of a result, if it has two."""
    if not isinstance(got, (list, tuple)) or len(got) != 2:
        assert_each_close(got, [0.0, 0.0], [first, second])
    return got


def training(student, tokens, nouns, params):
    """Twenty steps of the student's own on one batch, at 0.03: the trained params, the losses."""
    got = student.pronoun.train("rnn", [(tokens, nouns)] * 20, params, 0.03, 1.0)
    return two(got, "params", "the losses")


# predict


@pytest.mark.exercise("predict")
def test_rnn_by_hand(student):
    """One unit, h ← tanh(x + h), words that are 1, 0, 0: the states are 0.7616, 0.6420, 0.5663.

    The scores are 0.5663 and 1 - 0.5663. Catches: another state than the last, no out_b.
    """
    one = numbers([1.0])
    params = {"embed": numbers([1.0], [0.0]), "out_w": numbers([1.0, -1.0])}
    params |= {"out_b": numbers(0.0, 1.0), "w_xh": one, "w_hh": one, "b": numbers(0.0)}
    got = student.pronoun.predict("rnn", torch.tensor([[0, 1, 1]]), params)
    assert_close(got, numbers([0.566269975961, 0.433730024039]))


@pytest.mark.exercise("predict")
def test_lstm_numbers(student):
    """Two sentences of three words, as torch's own LSTM has them; the arguments stay.

    Catches: the cell in place of the state, a state or a cell that is not handed on.
    """
    tokens, params = lstm()
    got = student.pronoun.predict("lstm", tokens, params)
    assert_close(got, numbers([0.893065331148, 0.406537708737], [0.868929745580, 0.463519190025]))
    assert_unchanged(student.pronoun.predict, "lstm", tokens, params)


@pytest.mark.exercise("predict")
def test_convolution_by_hand(student):
    """Words 1, 2 and 4, two layers of three taps that add up: 3, 7, 6, then 10, 16, 13.

    With -4 for 4 they give 3, 0, 0, then 3, 3, 0: what is below zero is cut off after each layer.
    Catches: one layer for two, no ReLU, the middle word for the last.
    """
    params = {"embed": numbers([1.0], [2.0], [4.0], [-4.0]), "out_w": numbers([1.0])}
    params |= {"out_b": numbers(0.0), "w": torch.ones(2, 3, 1, 1, dtype=torch.float64)}
    params["b"] = torch.zeros(2, 1, dtype=torch.float64)
    got = student.pronoun.predict("convolution", torch.tensor([[0, 1, 2], [0, 1, 3]]), params)
    assert_close(got, numbers([13.0], [0.0]))


@pytest.mark.exercise("predict")
def test_attention_by_hand(student):
    """Queries and keys of zero weigh three words alike: the mean of 1, 2 and 6 is 3.

    Catches: the sum of the words, the last word's own value alone.
    """
    zero = numbers([0.0])
    params = {"embed": numbers([1.0], [2.0], [6.0]), "out_w": numbers([1.0, -1.0])}
    params |= {"out_b": numbers(0.0, 0.5), "w_q": zero, "w_k": zero, "w_v": numbers([1.0])}
    got = student.pronoun.predict("attention", torch.tensor([[0, 1, 2]]), params)
    assert_close(got, numbers([3.0, -2.5]))


@pytest.mark.exercise("predict", kind="gradient")
def test_lstm_gradient(student):
    """The gradient of each of the params, embed too, as autograd has it through torch's own LSTM.

    Catches: a graph cut on the way, at embed or between two words.
    """

    def oracle(kind, tokens, params):
        zeros = torch.zeros(1, 2, 2, dtype=torch.float64)
        weights = (params["w_x"].T, params["w_h"].T, params["b"], torch.zeros_like(params["b"]))
        x = params["embed"][tokens]
        states = torch.lstm(x, (zeros, zeros), weights, True, 1, 0.0, False, False, True)[0]
        return states[:, -1] @ params["out_w"] + params["out_b"]

    tokens, params = lstm()
    args = ["lstm", tokens, params]
    assert_gradients(student.pronoun.predict, oracle, args, wave(6, 2, 2), list(params))


# gradients


@pytest.mark.exercise("gradients")
def test_loss_at_the_start(student, draw):
    """A network that knows nothing gives each of eight nouns about 1/8: the loss is about ln 8.

    If yours is not, look no further: a wrong loss, or logits that are large from the start.
    Catches: a sum over the batch, a loss without a logarithm.
    """
    loss, _ = two(student.pronoun.gradients("rnn", *by_heart(draw), 1.0), "the loss", "gradients")
    assert_close(loss, numbers(math.log(8))[0], absolute=0.1, name="the loss")


@pytest.mark.exercise("gradients")
def test_gradients_by_hand(student):
    """Two nouns, as likely as each other; the first is right: the loss is ln 2.

    The gradient of out_b is (0.5 - 1, 0.5), its norm 0.7071, and the others are zeros. With a
    max_norm of 0.1 it becomes (-0.0707, 0.0707), exactly: no epsilon. The arguments stay.
    Catches: small ones scaled up, an epsilon, None for zeros.
    """
    tokens, nouns, params = torch.tensor([[0, 2, 3]]), torch.tensor([0]), silent()
    small = 0.1 / 2**0.5
    for max_norm, size in ((1.0, 0.5), (math.inf, 0.5), (0.1, small)):
        args = ["attention", tokens, nouns, params, max_norm]
        got = assert_unchanged(student.pronoun.gradients, *args)
        loss, found = two(got, "the loss", "gradients")
        assert_close(loss, numbers(math.log(2))[0], name="the loss")
        expected = {name: 0 * param for name, param in params.items()}
        expected["out_b"] = numbers(-size, size)
        assert_dict_close(found, expected, name="gradients", absolute=1e-9)


@pytest.mark.exercise("gradients")
def test_one_norm_over_all(student):
    """What is clipped has the norm max_norm afterwards, all of its numbers together.

    Catches: each of the gradients clipped by itself, each number cut off.
    """
    tokens, params = lstm()
    got = student.pronoun.gradients("lstm", tokens, torch.tensor([0, 1]), params, 0.01)
    _, found = two(got, "the loss", "gradients")
    assert_dict_close(found, params, name="gradients", absolute=math.inf)  # as to keys and shapes
    together = torch.cat([found[name].flatten() for name in params])
    assert_close(together.norm(), numbers(0.01)[0], name="the norm")


# train


@pytest.mark.exercise("train")
def test_one_step_by_hand(student):
    """Adam's first step is as long as the learning rate, whatever the gradient: here 0.03.

    The loss is that before the step, ln 2; params stay, and new ones come back.
    Catches: plain gradient descent, a loss after the step, params trained in place.
    """
    params = silent()
    batches = [(torch.tensor([[0, 2, 3]]), torch.tensor([0]))]
    got = assert_unchanged(student.pronoun.train, "attention", batches, params, 0.03, 1.0)
    trained, losses = two(got, "params", "the losses")
    expected = params | {"out_b": numbers(0.03, -0.03)}
    assert_dict_close(trained, expected, name="params", absolute=1e-8)
    assert_close(losses, numbers(math.log(2)), name="the losses")


@pytest.mark.exercise("train")
def test_learned_by_heart(student, draw):
    """Sixteen sentences of two filler words, an RNN, twenty steps: a loop that works learns them.

    At the end the loss is below a twentieth of ln 8. Catches: gradients that go uphill or nowhere.
    """
    tokens, nouns, params = by_heart(draw)
    _, losses = training(student, tokens, nouns, params)
    assert_close(losses, torch.zeros(20, dtype=torch.float64), name="the losses", absolute=2.2)
    assert_close(losses[-1], numbers(0.0)[0], name="the last loss", absolute=0.1)


# accuracy


@pytest.mark.exercise("accuracy")
def test_accuracy_by_hand(student):
    """The second noun always has the highest score, and is right three times of four: 0.75.

    Catches: a number of sentences, a percentage, a tensor for a number.
    """
    params = silent() | {"out_b": numbers(0.0, 1.0)}
    tokens, nouns = torch.tensor([[0, 3], [1, 3], [2, 3], [0, 3]]), torch.tensor([1, 1, 0, 1])
    assert_close(student.pronoun.accuracy("attention", tokens, nouns, params), 0.75)


@pytest.mark.exercise("accuracy")
def test_accuracy_by_heart(student, draw):
    """What was learned by heart is known: after your own training, an accuracy of 1."""
    tokens, nouns, params = by_heart(draw)
    trained, _ = training(student, tokens, nouns, params)
    assert_close(student.pronoun.accuracy("rnn", tokens, nouns, trained), 1.0)


# pronoun_weights


@pytest.mark.exercise("pronoun_weights")
def test_pronoun_weights_by_hand(student):
    """The pronoun's query is 2, the keys are 0, 0 and (ln 2)/2: a score of ln 2 weighs double.

    So the weights are 1/4, 1/4 and 1/2. The arguments stay. Catches: another word's row, scores
    without a softmax, how much each word looks at the last.
    """
    one = numbers([1.0])
    params = {"embed": numbers([0.0], [0.0], [2.0]), "out_w": one, "out_b": numbers(0.0)}
    params |= {"w_q": one, "w_k": one * math.log(2) / 4, "w_v": one}
    got = assert_unchanged(student.pronoun.pronoun_weights, torch.tensor([[0, 1, 2]]), params)
    assert_close(got, numbers([0.25, 0.25, 0.5]))


# devices


@pytest.mark.exercise("predict", kind="device")
def test_predict_on_a_gpu(student):
    """On a pretend one. Catches: first states that are made on the CPU."""
    tokens, params = lstm()
    got = student.pronoun.predict("lstm", tokens, params)
    assert_close(got, numbers([0.893065331148, 0.406537708737], [0.868929745580, 0.463519190025]))


@pytest.mark.exercise("gradients", kind="device")
def test_gradients_on_a_gpu(student):
    """On a pretend one. Catches: a loss or a norm that is made on the CPU."""
    args = [torch.tensor([[0, 2, 3]]), torch.tensor([0]), silent(), 1.0]
    loss, _ = two(student.pronoun.gradients("attention", *args), "the loss", "gradients")
    assert_close(loss, numbers(math.log(2))[0], name="the loss")


@pytest.mark.exercise("train", kind="device")
def test_train_on_a_gpu(student):
    """On a pretend one. Catches: moments or losses that are made on the CPU."""
    batches = [(torch.tensor([[0, 2, 3]]), torch.tensor([0]))]
    _, losses = two(
        student.pronoun.train("attention", batches, silent(), 0.03, 1.0), "params", "the losses"
    )
    assert_close(losses, numbers(math.log(2)), name="the losses")


@pytest.mark.exercise("accuracy", kind="device")
def test_accuracy_on_a_gpu(student):
    """On a pretend one. Catches: NumPy."""
    params = silent() | {"out_b": numbers(0.0, 1.0)}
    args = [torch.tensor([[0, 3], [1, 3]]), torch.tensor([1, 0]), params]
    assert_close(student.pronoun.accuracy("attention", *args), 0.5)


@pytest.mark.exercise("pronoun_weights", kind="device")
def test_pronoun_weights_on_a_gpu(student):
    """On a pretend one. Catches: NumPy, a mask that is made on the CPU."""
    got = student.pronoun.pronoun_weights(torch.tensor([[0, 2, 3]]), silent())
    assert_close(got, numbers([1 / 3, 1 / 3, 1 / 3]))
