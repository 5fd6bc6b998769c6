"""What the unit `seq2seq` pins. The truth is torch's own GRU, in float64."""

from dataclasses import replace

import pytest
import torch

from autograder.testing.compare import (
    assert_each_close,
    assert_equal,
    assert_gradients,
    assert_unchanged,
)
from autograder.testing.edges import edges
from course.shared.decoding import (
    END,
    LENGTHS,
    NAMES,
    START,
    Sizes,
    accuracy_by_length,
    all_end,
    decode64,
    drawn,
    encode64,
    far,
    in_float64,
    near,
    network,
    never,
    parameters,
    plain,
    remembering,
    sentences,
    some,
    to_copy,
    translations,
    transposed,
    visible,
)

BOTH = ["states", "context"]
HALF = 2e-2  # float16 all the way through, from step to step
SIZES = [  # N, T, V_src, V_tgt, E, H
    Sizes(5, 7, 11, 13, 3, 2),
    Sizes(1, 5, 7, 11, 3, 2),
    Sizes(3, 1, 13, 7, 2, 11),
    Sizes(4, 4, 4, 4, 4, 4),
]


def own(got, tokens, lengths):
    """What encode returned, with zeros for the states at padding, which are not looked at."""
    if isinstance(got, (list, tuple)) and len(got) == 2 and isinstance(got[0], torch.Tensor):
        states, context = got
        if states.shape[:2] == tokens.shape:
            return [states.masked_fill(~visible(tokens, lengths)[..., None], 0), context]
    return got


def truth(tokens, lengths, params):
    """The states at a sentence's own words, and the context, in float64."""
    return own(encode64(tokens, lengths, in_float64(params)), tokens, lengths)


def assert_encoded(student, tokens, lengths, params, **tolerance):
    """Fail unless the student's encode gives the true states and contexts."""
    got = student.seq2seq.encode(tokens, lengths, params)
    expected = truth(tokens, lengths, params)
    assert_each_close(own(got, tokens, lengths), expected, BOTH, **tolerance)


class OwnStates:
    """A student's encode, for assert_gradients: the states at padding are not looked at."""

    def __init__(self, student):
        self._encode = student.seq2seq.encode
        self.name = "encode"

    def vjp(self, args, cotangents):
        """See student.Function."""
        outcome = self._encode.vjp(args, cotangents)
        return replace(outcome, value=own(outcome.value, *args[:2]))


def contexts(draw, sizes, batches):
    """Arguments of decode before its parameters."""
    return [draw.normal(batches * sizes.n, sizes.h, std=0.7)]


# encode


@pytest.mark.exercise("encode")
def test_encode_values(student, draw):
    """States and context of sentences of several lengths, one sentence, one word, equal sizes.

    Catches: last padded state, mean of the states, length off by one, states stacked on the wrong
    axis, a state that is not handed on, the decoder's parameters, N=1 squeezed.
    """
    for sizes in SIZES:
        assert_encoded(student, *sentences(draw, sizes), network(draw, sizes))


@pytest.mark.exercise("encode")
def test_encode_padding(student, draw):
    """Other ids at padding, or more padding, leave a sentence's states and context as they are.

    Catches: last padded state, mean over padding, states cut to the longest sentence, a padding id
    of 0 expected, sentences sorted by length and not put back.
    """
    sizes = Sizes(5, 7, 11, 3, 2, 13)
    params = network(draw, sizes)
    tokens, lengths = sentences(draw, sizes)
    lengths[2] = 1
    wide = torch.cat([tokens, draw.integers(0, 11, 5, 4)], 1)  # (N, T+4)
    other = torch.where(visible(tokens, lengths), tokens, draw.integers(0, 11, 5, 7))
    for padded in (tokens, wide, other):
        assert_encoded(student, padded, lengths, params)


@pytest.mark.exercise("encode")
def test_encode_long(student, draw):
    """More than 256 words make a context of the same size, none of them forgotten.

    Catches: a limit on the length, a context that grows with it, the last words only.
    """
    sizes = Sizes(2, 257, 7, 5, 2, 3)
    assert_encoded(student, *sentences(draw, sizes), remembering(draw, sizes))


@pytest.mark.exercise("encode")
def test_encode_edges(student, draw):
    """Exact zeros and ones among the parameters, biases of zero, numbers of 1e12 and 1e-12.

    Catches: numbers cut off or taken for zero, words of zeros taken for padding.
    """
    sizes = Sizes(3, 2, 7, 5, 2, 11)
    for make in (plain, far, near):
        assert_encoded(student, *sentences(draw, sizes), make(draw, sizes))


@pytest.mark.exercise("encode")
def test_encode_dtype_and_strides(student, draw):
    """float16, float32 and float64 come back as they went in, and a tensor may have any strides.

    Catches: a first state in the default dtype, float32 inside, `view` without `contiguous`.
    """
    sizes = Sizes(3, 5, 7, 13, 2, 11)
    tokens, lengths = sentences(draw, sizes)
    for dtype, allowed in [(torch.float32, None), (torch.float16, HALF)]:
        params = network(draw, sizes, dtype)
        assert_encoded(student, tokens, lengths, params, dtype=dtype, relative=allowed)
    strided = transposed(network(draw, sizes))
    assert_encoded(student, tokens.T.contiguous().T, lengths, strided)


@pytest.mark.exercise("encode")
def test_encode_again(student, draw):
    """The arguments stay as they are, and new ids, lengths or parameters give new states.

    Catches: anything overwritten in place, a state or a result kept from an earlier call.
    """
    sizes = Sizes(3, 4, 7, 13, 11, 2)
    (tokens, lengths), params = sentences(draw, sizes), network(draw, sizes)
    assert_unchanged(student.seq2seq.encode, tokens, lengths, params)
    assert_encoded(student, tokens, lengths, params)
    tokens.copy_((tokens + 1) % 7)  # in the same memory
    assert_encoded(student, tokens, lengths, params)
    lengths.copy_(lengths % 4 + 1)
    assert_encoded(student, tokens, lengths, params)
    for names in (NAMES[:1], NAMES[1:3], NAMES[3:5]):
        for name in names:
            params[name].mul_(-0.5)
        assert_encoded(student, tokens, lengths, params)


@pytest.mark.exercise("encode", kind="gradient")
def test_encode_gradients(student, draw):
    """The gradients of the embeddings, weights and biases, from every state and the context.

    Over more than 128 words, too, and at zeros, large and small numbers. Catches: a `detach`
    between the steps, states copied with `torch.tensor`, a clamp.
    """
    small, long = Sizes(2, 2, 7, 5, 2, 3), Sizes(1, 129, 5, 3, 2, 4)
    drawn_from = {plain: small, far: small, near: small, remembering: long}
    for make, sizes in [*((network, sizes) for sizes in SIZES[::3]), *drawn_from.items()]:
        tokens, _ = sentences(draw, sizes)
        args = [tokens, torch.full((sizes.n,), sizes.t), make(draw, sizes)]
        cotangents = [draw.normal(sizes.n, sizes.t, sizes.h), draw.normal(sizes.n, sizes.h)]
        assert_gradients(student.seq2seq.encode, encode64, args, cotangents, NAMES)


@pytest.mark.exercise("encode", kind="gradient")
def test_encode_gradients_of_padded_sentences(student, draw):
    """A context's gradient reaches its own words, the first ones too, and nothing at padding.

    Catches: a context taken at padding, a graph cut before the context, steps detached.
    """
    sizes = Sizes(5, 7, 13, 11, 3, 2)
    tokens, lengths = sentences(draw, sizes)
    shown = visible(tokens, lengths)[..., None]
    args = [tokens, lengths, network(draw, sizes)]
    cotangents = [draw.normal(5, 7, 2) * shown, draw.normal(5, 2)]
    assert_gradients(OwnStates(student), truth, args, cotangents, NAMES)


# decode


@pytest.mark.exercise("decode")
def test_decode_values(student, draw):
    """The likeliest word at every step, for several sentences, for one, and where sizes are equal.

    Catches: no context in the input, input in the wrong order, a first state of zeros, a word or
    state not handed on, logits before the step, no out_b, `start` among the ids, N=1 squeezed.
    """
    for sizes in SIZES[1:]:
        args, written = drawn(draw, sizes, contexts, decode64, never, 5)
        assert_equal(student.seq2seq.decode(*args), written.ids)


@pytest.mark.exercise("decode")
def test_decode_end(student, draw):
    """Sentences that have ended are filled with `end`, and when all have, decoding stops.

    Catches: `end` not honoured, `end` left out, words after `end`, a stop at the first sentence
    that ends, max_length words whatever happens, another id than `end` for filling.
    """
    for sizes in (Sizes(3, 5, 11, 7, 2, 13), Sizes(1, 5, 7, 11, 3, 2)):
        args, written = drawn(draw, sizes, contexts, decode64, all_end, 8)
        assert_equal(student.seq2seq.decode(*args), written.ids)


@pytest.mark.exercise("decode")
def test_decode_max_length(student, draw):
    """Where some sentences go on for ever, exactly max_length words are written, be it one.

    Catches: max_length off by one, sentences that ended written on, a stop at the first end.
    """
    args, written = drawn(draw, Sizes(5, 5, 7, 11, 2, 3), contexts, decode64, some, 6)
    assert_equal(student.seq2seq.decode(*args), written.ids)
    assert_equal(student.seq2seq.decode(*args[:-1], 1), written.ids[:, :1])


@pytest.mark.exercise("decode")
def test_decode_long(student, draw):
    """More than 128 words, the last as right as the first. Catches: a limit on the steps."""
    sizes = Sizes(1, 1, 2, 11, 2, 5)
    args, written = drawn(draw, sizes, contexts, decode64, never, 129, make=remembering)
    assert_equal(student.seq2seq.decode(*args), written.ids)


@pytest.mark.exercise("decode")
def test_decode_edges(student, draw):
    """Exact zeros and ones in contexts and parameters, and numbers of 1e12 and 1e-12.

    Catches: numbers cut off or taken for zero, a context of zeros taken for none.
    """
    sizes = Sizes(2, 1, 5, 7, 2, 5)
    for number, make in enumerate((plain, near, far, network)):

        def at_an_edge(draw, sizes, batches, number=number):
            return list(edges(contexts(draw, sizes, batches), [3 / 12], [-1]))[number]

        args, written = drawn(draw, sizes, at_an_edge, decode64, never, 4, make=make)
        assert_equal(student.seq2seq.decode(*args), written.ids)


@pytest.mark.exercise("decode")
def test_decode_every_call(student, draw):
    """Any dtype and strides, other contexts at every call; the arguments stay as they are.

    Catches: float64 and float32 mixed, a result kept from an earlier call, in-place work.
    """
    sizes = Sizes(3, 5, 11, 13, 7, 2)
    for dtype in (torch.float32, torch.float64):
        args, written = drawn(draw, sizes, contexts, decode64, some, 4, dtype)
        assert_unchanged(student.seq2seq.decode, *args)
        assert_equal(student.seq2seq.decode(*args), written.ids)
    context, params, *rest = args
    got = student.seq2seq.decode(context.T.contiguous().T, transposed(params), *rest)
    assert_equal(got, written.ids)
    order = draw.permutation(3)
    context.copy_(context[order])  # in the same memory
    assert_equal(student.seq2seq.decode(*args), written.ids[order])


@pytest.mark.exercise("decode")
def test_decode_translation(student):
    """With the shipped parameters 欢迎 来 北京 becomes welcome to Beijing, and so on.

    Catches: whatever makes another network of the trained one.
    """
    tokens, lengths = translations()
    params = parameters("seq2seq_translate")
    context = encode64(tokens, lengths, params)[1]
    exact = decode64(context.double(), in_float64(params), START, 9).cut(END)
    assert_equal(student.seq2seq.decode(context, params, START, END, 9), exact.ids)


@pytest.mark.exercise("decode")
def test_decode_copies_short_words_only(student, draw, figure):
    """What the trained network writes for words of 2 to 12 letters: the longer, the more mistakes.

    Catches: a decoder that sees more than the context, or less of it.
    """
    lengths = LENGTHS.repeat_interleave(4)
    tokens, target = to_copy(draw, lengths)
    params = parameters("seq2seq_copy")
    context = encode64(tokens, lengths, params)[1]
    exact = decode64(context.double(), in_float64(params), START, target.shape[1]).cut(END)
    keep = exact.clear
    got = student.seq2seq.decode(context[keep], params, START, END, target.shape[1])
    assert_equal(got, exact[keep].cut(END).ids)  # one that is left out may have been the longest
    figure("accuracy_by_length", accuracy_by_length(got, target[keep], lengths[keep]))


# devices


@pytest.mark.exercise("encode", kind="device")
def test_encode_on_a_gpu(student, draw):
    """Catches: a first state of zeros on the CPU, lengths compared on the CPU."""
    sizes = Sizes(3, 2, 7, 5, 2, 4)
    args = [*sentences(draw, sizes), network(draw, sizes)]
    shown = visible(*args[:2])[..., None]
    cotangents = [draw.normal(3, 2, 4) * shown, draw.normal(3, 4)]
    assert_gradients(OwnStates(student), truth, args, cotangents, NAMES)


@pytest.mark.exercise("decode", kind="device")
def test_decode_on_a_gpu(student, draw):
    """Catches: the first word on the CPU, words collected on the CPU."""
    args, written = drawn(draw, Sizes(3, 5, 7, 11, 2, 4), contexts, decode64, never, 2)
    assert_equal(student.seq2seq.decode(*args), written.ids)
