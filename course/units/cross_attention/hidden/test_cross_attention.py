"""What the unit `cross_attention` pins. The truth is a few plain lines and torch's own GRU."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from autograder.testing.compare import (
    assert_close,
    assert_each_close,
    assert_equal,
    assert_gradients,
    assert_unchanged,
)
from autograder.testing.edges import edges
from autograder.testing.pictures import part
from course.shared.decoding import (
    END,
    LENGTHS,
    START,
    Sizes,
    accuracy_by_length,
    aligned,
    all_end,
    attend64,
    decode_with_attention64,
    drawn,
    far,
    in_float64,
    near,
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

NAMES = ["the context", "the weights"]
BOTH = ["state", "encoder_states"]
POWERS = ([1, -1], [-1, 1])  # of FAR in BOTH: their products keep their size
SHAPES = [(5, 5, 5), (3, 5, 7), (1, 5, 3), (5, 1, 3), (2, 521, 3)]  # N, T, H
SIZES = [  # N, T, V_src, V_tgt, E, H
    Sizes(4, 4, 4, 4, 4, 4),
    Sizes(3, 5, 11, 13, 2, 7),
    Sizes(3, 1, 5, 7, 2, 11),
]
HALF = 1e-2  # float16 all the way through, logits of a few units
LEVELS = [1e4, -1e4, 0.0, 300.0, -40.0]  # logits, one level for each of five sentences
FAR_BELOW = [-1e4, -400.0, -3000.0, -1e4, -400.0]  # the same, where hidden words have the opposite


def states(draw, n, t, h, dtype=torch.float64):
    """A decoder state and encoder states whose logits differ by a few units at most."""
    return [draw.normal(n, h, dtype=dtype), draw.normal(n, t, h, std=0.7, dtype=dtype)]


def at_levels(draw, dtype=torch.float64):
    """States whose logits lie around LEVELS, those of the first sentence all tied."""
    state, encoder_states = states(draw, 5, 11, 7)
    state[:, -1] = torch.tensor(LEVELS) * 7**0.5  # the last feature is the level
    encoder_states[..., -1] = 1
    state[0, :-1] = 0
    return [state.to(dtype), encoder_states.to(dtype)]


def source(draw, sizes, batches):
    """Arguments of decode_with_attention before its parameters."""
    tokens, lengths = sentences(draw, sizes, batches)
    if sizes.n == sizes.t:
        # The second is shorter, so the mask is not its own transpose.
        lengths[sizes.n - 1 :: sizes.n] = sizes.t
    return [tokens, lengths]


def assert_decoded(got, written, mask, **tolerance):
    """Fail unless ids and alignment are as written; rows after `end` are not looked at.

    mask: (N, T), False at padding, whose weights must be exactly 0.
    """
    if not isinstance(got, (list, tuple)) or len(got) != 2:
        assert_each_close(got, [written.ids, written.alignment], ["the ids", "the alignment"])
    ids, alignment = got
    assert_equal(ids, written.ids, "the ids")
    if isinstance(alignment, torch.Tensor) and alignment.shape == written.alignment.shape:
        alignment = alignment.masked_fill(~written.alive[..., None], 0)
    assert_close(alignment, written.alignment, name="the alignment", **tolerance)
    at_padding = alignment * ~mask[:, None]  # (N, L, T)
    assert_close(at_padding, 0 * written.alignment, name="at padding, the alignment", **tolerance)


def assert_writes(student, args, written, **tolerance):
    """Fail unless the student's decode_with_attention writes this."""
    got = student.cross_attention.decode_with_attention(*args)
    assert_decoded(got, written, visible(*args[:2]), **tolerance)


def trained(student, name, tokens, lengths, longest):
    """What the student's decoder writes with shipped parameters, what is right, and of which
    sentences: those that are not clear are left out.
    """
    params = parameters(f"cross_attention_{name}")
    exact = decode_with_attention64(tokens, lengths, in_float64(params), START, longest).cut(END)
    keep = exact.clear
    written = exact[keep].cut(END)
    args = [tokens[keep], lengths[keep], params, START, END, longest]
    return student.cross_attention.decode_with_attention(*args), written, keep


# attend


@pytest.mark.exercise("attend")
def test_attend_values(student, draw):
    """Softmax over the words of the dot products over √H, and the weighted sum of the states.

    For several sentences, one, one word, hundreds of words, and where every size is equal.
    Catches: no √H, H or √T for it, softmax over the batch or over one query, values from the
    decoder, query and key swapped, N=1 squeezed, context and weights swapped, an epsilon.
    """
    for shape in SHAPES:
        args = states(draw, *shape)
        got = student.cross_attention.attend(*args)
        assert_each_close(got, attend64(*args), NAMES, relative=1e-11)


@pytest.mark.exercise("attend")
def test_attend_mask(student, draw):
    """Hidden words weigh exactly 0, and where all are hidden, context and weights are 0.

    Catches: the mask ignored, inverted, filled with 0 or 1e-9, applied after the softmax without
    a new division, on the wrong axis; NaN or equal weights where nothing is to be seen.
    """
    for n, t, h in SHAPES[:3]:
        args, mask = states(draw, n, t, h), draw.mask(n, t)
        mask[1:2] = False  # of the second sentence, if there is one
        mask[:, -1] = False  # of all: what any sentence may see is another mask, too
        got = student.cross_attention.attend(*args, mask=mask)
        assert_each_close(got, attend64(*args, mask), NAMES)
        at_padding = got[1][~mask]
        assert_close(at_padding, 0 * at_padding.double(), name="the weights of hidden words")
    args = states(draw, 3, 5, 7)
    nothing = torch.zeros(3, 5, dtype=torch.bool)
    got = student.cross_attention.attend(*args, nothing)
    assert_each_close(got, attend64(*args, nothing), NAMES)
    for hides_nothing in (None, ~nothing):
        got = student.cross_attention.attend(*args, hides_nothing)
        assert_each_close(got, attend64(*args), NAMES)


@pytest.mark.exercise("attend")
def test_attend_edges(student, draw):
    """Exact zeros, ones, and numbers of 1e12 and 1e-12, with a mask and without.

    Catches: numbers cut off or taken for zero, words of zeros taken for padding.
    """
    mask = draw.mask(2, 3)
    for args in edges(states(draw, 2, 3, 5), *POWERS):
        for hidden in (None, mask):
            got = student.cross_attention.attend(*args, hidden)
            assert_each_close(got, attend64(*args, hidden), NAMES)


@pytest.mark.exercise("attend")
def test_attend_large_logits(student, draw):
    """Logits around -10000, 0 and +10000 and tied ones, with and without a mask; float32 too.

    Catches: no maximum subtracted, the maximum over the batch or of hidden words, -1e3 where -inf
    is meant.
    """
    args, mask = at_levels(draw), draw.mask(5, 11)
    mask[1] = first = torch.arange(11) < 6  # at -10000, some words are hidden and some are not
    for hidden in (None, mask):
        got = student.cross_attention.attend(*args, hidden)
        assert_each_close(got, attend64(*args, hidden), NAMES)
    state, encoder_states = args
    state[:, -1] = torch.tensor(FAR_BELOW) * 7**0.5
    encoder_states[..., -1] = torch.where(first, 1, -1)
    mask &= first  # so hidden words are far above all others
    got = student.cross_attention.attend(*args, mask)
    assert_each_close(got, attend64(*args, mask), NAMES)
    args = at_levels(draw, torch.float32)
    expected = attend64(*(tensor.double() for tensor in args))
    allowed = 8 * torch.finfo(torch.float32).eps * 1e4
    got = student.cross_attention.attend(*args)  # its dtype is another test's
    assert_each_close(got, expected, NAMES, dtype=None, relative=allowed)


@pytest.mark.exercise("attend")
def test_attend_dtype(student, draw):
    """float32 and float16 come back as they went in, with a mask too.

    Catches: float64 or float32 returned, a fill such as -1e9 that float16 cannot hold.
    """
    mask = draw.mask(3, 11)
    for dtype, allowed in [(torch.float32, 2e-5), (torch.float16, HALF)]:
        args = states(draw, 3, 11, 7, dtype)
        for hidden in (None, mask):
            expected = attend64(*(tensor.double() for tensor in args), hidden)
            got = student.cross_attention.attend(*args, hidden)
            assert_each_close(got, expected, NAMES, dtype=dtype, relative=allowed)


@pytest.mark.exercise("attend")
def test_attend_every_call(student, draw):
    """Any strides, new numbers and masks at every call; the arguments stay as they are.

    Catches: a cached result or mask, in-place work, `view` of what is not contiguous.
    """
    state, encoder_states = draw.strided(3, 7), draw.strided(5, 3, 7).transpose(0, 1)
    mask = draw.mask(5, 3).T
    mask[:, 0] = True
    for _ in range(2):
        args = [state, encoder_states, mask]
        assert_unchanged(student.cross_attention.attend, *args)
        assert_each_close(student.cross_attention.attend(*args), attend64(*args), NAMES)
        state.copy_(draw.normal(3, 7))
        encoder_states.copy_(draw.normal(3, 5, 7))
        assert_each_close(student.cross_attention.attend(*args), attend64(*args), NAMES)
        mask.copy_(draw.mask(3, 5))


@pytest.mark.exercise("attend", kind="gradient")
def test_attend_gradient(student, draw):
    """Autograd reaches the decoder's state and the encoder's, through context and weights.

    At any length, at zeros, large and small numbers. Catches: a graph cut by `detach`, `.data` or
    NumPy; weights returned without their graph; a clamp.
    """
    calls = [states(draw, *shape) for shape in (*SHAPES[1:4:2], (1, 521, 2))]
    for args in [*calls, *edges(states(draw, 2, 3, 5), *POWERS)]:
        assert_attend_gradients(student, draw, *args)


def assert_attend_gradients(student, draw, state, encoder_states, *mask):
    """Fail unless the gradients are autograd's, through context and weights."""
    __tracebackhide__ = True
    cotangents = [draw.normal(*state.shape), draw.normal(*encoder_states.shape[:2])]
    args = [state, encoder_states, *mask]
    assert_gradients(student.cross_attention.attend, attend64, args, cotangents, BOTH)


@pytest.mark.exercise("attend", kind="gradient")
def test_attend_gradient_mask(student, draw):
    """With a mask, with nothing to be seen and at large logits, gradients are finite and right.

    Catches: NaN that `nan_to_num` hides in the result only, a gradient at padding, overflow.
    """
    mask = draw.mask(5, 11)
    mask[3] = False
    shut = torch.zeros(2, 3, dtype=torch.bool)
    calls = [[*states(draw, 2, 3, 5), hidden] for hidden in (shut, ~shut)]
    for args in ([*states(draw, 5, 11, 7), mask], at_levels(draw), *calls):
        assert_attend_gradients(student, draw, *args)


# decode_with_attention


@pytest.mark.exercise("decode_with_attention")
def test_decode_with_attention_values(student, draw):
    """Words and weights at every step, for sentences of several lengths, of one, for equal sizes.

    Catches: one context for all steps, the state after the step as query, a first state of zeros
    or at padding, padding attended to, no √H, the alignment with its axes exchanged, T=1 squeezed.
    """
    for sizes in SIZES:
        args, written = drawn(draw, sizes, source, decode_with_attention64, never, 4)
        assert_writes(student, args, written)


@pytest.mark.exercise("decode_with_attention")
def test_decode_with_attention_end(student, draw):
    """Sentences that have ended are filled with `end`, and when all have, decoding stops.

    Catches: `end` not honoured, `end` left out, words after `end`, a stop at the first sentence
    that ends, max_length words whatever happens, another id than `end` for filling, N=1 squeezed.
    """
    for sizes in (Sizes(3, 4, 11, 7, 2, 13), Sizes(1, 4, 7, 11, 3, 2)):
        args, written = drawn(draw, sizes, source, decode_with_attention64, all_end, 7)
        assert_writes(student, args, written)


@pytest.mark.exercise("decode_with_attention")
def test_decode_with_attention_max_length(student, draw):
    """Where some sentences go on for ever, exactly max_length words are written, be it one.

    Catches: max_length off by one, sentences that ended written on, a stop at the first end.
    """
    sizes = Sizes(3, 4, 7, 11, 2, 13)
    args, written = drawn(draw, sizes, source, decode_with_attention64, some, 5)
    assert_writes(student, args, written)
    assert_writes(student, [*args[:-1], 1], written[:, :1])


@pytest.mark.exercise("decode_with_attention")
def test_decode_with_attention_long(student, draw):
    """More than 128 words read, and more than 128 written.

    Catches: a limit on the length or on the steps, the last words only.
    """
    for t, longest in ((129, 2), (1, 129)):
        sizes, truth = Sizes(1, t, 3, 11, 2, 4), decode_with_attention64
        args, written = drawn(draw, sizes, source, truth, never, longest, make=remembering)
        assert_writes(student, args, written)


@pytest.mark.exercise("decode_with_attention")
def test_decode_with_attention_edges(student, draw):
    """Exact zeros and ones among the parameters, and numbers of 1e12 and 1e-12.

    Catches: numbers cut off or taken for zero, words of zeros taken for padding.
    """
    sizes = Sizes(2, 3, 5, 7, 2, 5)
    for make in (plain, far, near):
        args, written = drawn(draw, sizes, source, decode_with_attention64, never, 3, make=make)
        assert_writes(student, args, written)


@pytest.mark.exercise("decode_with_attention")
def test_decode_with_attention_padding(student, draw):
    """Other ids at padding, and more padding, change no word; padding weighs exactly 0.

    Catches: padding attended to, the last padded state, a padding id of 0 expected, an alignment
    cut to the longest sentence.
    """
    sizes = Sizes(3, 5, 11, 13, 2, 7)
    args, written = drawn(draw, sizes, source, decode_with_attention64, some, 4)
    tokens, lengths, *rest = args
    other = torch.where(visible(tokens, lengths), tokens, draw.integers(0, 11, 3, 5))
    wide = torch.cat([other, draw.integers(0, 11, 3, 4)], 1)  # (N, T+4)
    wider = replace(written, alignment=F.pad(written.alignment, (0, 4)))
    assert_writes(student, [wide, lengths, *rest], wider)


@pytest.mark.exercise("decode_with_attention")
def test_decode_with_attention_every_call(student, draw):
    """Any dtype and strides, other sentences at every call; the arguments stay as they are.

    Catches: float64 and float32 mixed, a result kept from an earlier call, in-place work.
    """
    sizes = Sizes(3, 4, 11, 13, 7, 2)
    for dtype in (torch.float32, torch.float64):
        truth = decode_with_attention64
        args, written = drawn(draw, sizes, source, truth, some, 4, dtype)
        assert_unchanged(student.cross_attention.decode_with_attention, *args)
        assert_writes(student, args, written, dtype=dtype)
    order = draw.permutation(3)
    tokens, lengths, params, *rest = args
    tokens.copy_(tokens[order])  # in the same memory
    lengths.copy_(lengths[order])
    strided = [tokens.T.contiguous().T, lengths, transposed(params), *rest]
    for each in (args, strided):
        assert_writes(student, each, written[order])


@pytest.mark.exercise("decode_with_attention")
def test_decode_with_attention_translation(student, figure):
    """With the shipped parameters 欢迎 来 北京 becomes welcome to Beijing, and so on.

    Catches: whatever makes another network of the trained one.
    """
    tokens, lengths = translations()
    got, written, keep = trained(student, "translate", tokens, lengths, 9)
    tokens, lengths = tokens[keep], lengths[keep]
    i = int(lengths.argmax())  # the longest sentence, for a picture
    steps = slice(int(written.alive[i].sum()))  # until it has ended
    figure("alignment", aligned(tokens[i], part(got, 0, i, steps), part(got, 1, i, steps)))
    mask = visible(tokens, lengths)
    assert_decoded(got, written, mask, dtype=torch.float32)


@pytest.mark.exercise("decode_with_attention")
def test_decode_with_attention_copies_long_words(student, draw, figure):
    """The trained network copies words of 2 to 12 letters; with a fixed context long ones fail.

    Catches: a context made once, or from part of the sentence.
    """
    lengths = LENGTHS.repeat_interleave(4)
    tokens, target = to_copy(draw, lengths)
    got, written, keep = trained(student, "copy", tokens, lengths, target.shape[1])
    mask = visible(tokens[keep], lengths[keep])
    assert_decoded(got, written, mask, dtype=torch.float32)
    figure("accuracy_by_length", accuracy_by_length(got[0], target[keep], lengths[keep]))


# devices


@pytest.mark.exercise("attend", kind="device")
def test_attend_on_a_gpu(student, draw):
    """With a mask and without. Catches: a mask of ones made on the CPU."""
    args, cotangents = states(draw, 3, 5, 7), [draw.normal(3, 7), draw.normal(3, 5)]
    for mask in (draw.mask(3, 5), None):
        function = student.cross_attention.attend
        assert_gradients(function, attend64, [*args, mask], cotangents, BOTH)


@pytest.mark.exercise("decode_with_attention", kind="device")
def test_decode_with_attention_on_a_gpu(student, draw):
    """Catches: positions for the mask on the CPU, the first word on the CPU."""
    sizes = Sizes(3, 5, 11, 13, 2, 7)
    args, written = drawn(draw, sizes, source, decode_with_attention64, never, 2)
    got = student.cross_attention.decode_with_attention(*args)
    assert_decoded(got, written, visible(*args[:2]))
