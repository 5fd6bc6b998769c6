"""What the unit `receptive_field` pins: torch's own convolution, and footprints walked by hand."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from autograder.testing.compare import (
    assert_close,
    assert_equal,
    assert_gradients,
    assert_unchanged,
)
from autograder.testing.edges import edges, scaled

SIZES = [  # n, t, d_in, d_out, kernel, dilation
    (2, 11, 3, 5, 3, 1),
    (3, 13, 2, 7, 5, 2),
    (1, 17, 5, 2, 3, 4),
    (2, 5, 3, 7, 1, 3),
    (2, 1, 5, 3, 7, 1),
    (3, 4, 5, 2, 7, 3),  # the taps reach further than the sequence is long
    (3, 3, 3, 3, 3, 3),
    (1, 521, 2, 3, 5, 7),
]
THREE = ["x", "w", "b"]
POWERS = ([1, -1, 0], [-1, 1, -1], [0, 0, 1])  # of FAR in x, w and b: x·w keeps its size


def inputs(draw, n, t, d_in, d_out, kernel, dtype=torch.float64):
    """Arguments of conv1d, but for the dilation."""
    return [
        draw.normal(n, t, d_in, dtype=dtype),
        draw.normal(kernel, d_in, d_out, dtype=dtype),
        draw.normal(d_out, dtype=dtype),
    ]


def conv64(x, w, b, dilation=1):
    """torch's convolution, which wants channels before positions and padding by number."""
    padding = (w.shape[0] - 1) * dilation // 2
    return F.conv1d(x.mT, w.permute(2, 1, 0), b, padding=padding, dilation=dilation).mT


# conv1d


@pytest.mark.exercise("conv1d")
def test_conv1d_values(student, draw):
    """Every output as torch's convolution has it; the length stays. Also for T=1, N=1, K=1.

    Catches: kernel flipped, dilation ignored, padding too much, too little or on one side only,
    no bias, input and output channels swapped.
    """
    for *sizes, dilation in SIZES:
        arguments = inputs(draw, *sizes)
        got = student.receptive_field.conv1d(*arguments, dilation)
        assert_close(got, conv64(*arguments, dilation))


@pytest.mark.exercise("conv1d")
def test_conv1d_by_default(student, draw):
    """Without a dilation it is 1, and it may be given by name. Catches: another default."""
    for sizes in [(2, 11, 3, 5, 3), (3, 2, 2, 2, 5)]:
        arguments = inputs(draw, *sizes)
        assert_close(student.receptive_field.conv1d(*arguments), conv64(*arguments))
        got = student.receptive_field.conv1d(*arguments, dilation=2)
        assert_close(got, conv64(*arguments, 2))


@pytest.mark.exercise("conv1d")
def test_conv1d_edges(student, draw):
    """Exact zeros, ones, and numbers of 1e12 and 1e-12.

    Catches: numbers cut off or taken for zero, words of zeros taken for padding.
    """
    for arguments in edges(inputs(draw, 2, 7, 3, 5, 3), *POWERS):
        assert_close(student.receptive_field.conv1d(*arguments), conv64(*arguments))


@pytest.mark.exercise("conv1d")
def test_conv1d_dtype_and_strides(student, draw):
    """float16, float32 and float64 come back as they went in, and a tensor may have any strides.

    Catches: padding with zeros of the default dtype, float32 inside, `view` without `contiguous`.
    """
    for dtype, allowed in [(torch.float32, None), (torch.float64, None), (torch.float16, 1e-2)]:
        x, w, b = inputs(draw, 2, 11, 3, 5, 3, dtype=dtype)
        expected = conv64(x.double(), w.double(), b.double(), 2)
        got = student.receptive_field.conv1d(x, w, b, 2)
        assert_close(got, expected, dtype=dtype, relative=allowed)
    strided = [draw.normal(11, 2, 5).transpose(0, 1), draw.normal(7, 3, 5).mT, draw.strided(3)]
    assert_close(student.receptive_field.conv1d(*strided, 3), conv64(*strided, 3))


@pytest.mark.exercise("conv1d")
def test_conv1d_again(student, draw):
    """The arguments stay as they are, and a second call with new numbers gives new outputs.

    Catches: x or w overwritten in place, a result kept from an earlier call.
    """
    arguments = inputs(draw, 3, 7, 2, 5, 3)
    assert_unchanged(student.receptive_field.conv1d, *arguments, 2)
    for argument in arguments:  # one after the other, in the same memory
        assert_close(student.receptive_field.conv1d(*arguments, 2), conv64(*arguments, 2))
        argument.mul_(-0.5)
    assert_close(student.receptive_field.conv1d(*arguments, 1), conv64(*arguments, 1))


@pytest.mark.exercise("conv1d", kind="gradient")
def test_conv1d_gradients(student, draw):
    """The gradients of x, w and b, as autograd has them for torch's own convolution.

    Catches: a `detach`, `.data` or `torch.tensor(...)` on the way, outputs copied with `.item()`.
    """
    for n, t, d_in, d_out, kernel, dilation in [
        (2, 7, 3, 5, 3, 1),
        (3, 11, 2, 5, 5, 2),
        (3, 2, 5, 7, 3, 3),
        (3, 3, 3, 3, 3, 1),
        (1, 521, 2, 1, 3, 7),
    ]:
        arguments = [*inputs(draw, n, t, d_in, d_out, kernel), dilation]
        cotangent = draw.normal(n, t, d_out)
        assert_gradients(student.receptive_field.conv1d, conv64, arguments, cotangent, THREE)


@pytest.mark.exercise("conv1d", kind="gradient")
def test_conv1d_gradients_edges(student, draw):
    """The same at exact zeros, at ones, and at numbers of 1e12 and 1e-12.

    Catches: a clamp, whose gradient is 0 beyond it; zeros skipped, and with them their gradient.
    """
    for arguments in edges(inputs(draw, 2, 7, 3, 5, 3), *POWERS):
        cotangent = draw.normal(2, 7, 5)
        assert_gradients(student.receptive_field.conv1d, conv64, arguments, cotangent, THREE)


# receptive_field


def footprint(layers):
    """Walk back from one output to every input that it reaches; the span from first to last."""
    reached = {0}
    for kernel, stride, dilation in reversed(layers):
        reached = {
            position * stride + tap * dilation
            for position, tap in itertools.product(reached, range(kernel))
        }
    return max(reached) - min(reached) + 1


def assert_field(student, layers):
    """Fail unless the student's receptive field of these layers is as walked back by hand."""
    __tracebackhide__ = True
    got = student.receptive_field.receptive_field(layers)
    assert_equal(got, footprint(layers), name=f"the receptive field of {layers}")


@pytest.mark.exercise("receptive_field")
def test_receptive_field_plain(student):
    """Stacks without strides: five layers see only tens of words, and dilation sees further.

    Catches: a start at 0, K·dilation for (K-1)·dilation, dilation ignored, padding added.
    """
    for layers in [
        [(3, 1, 1)] * 5,
        [(7, 1, 1)] * 5,
        [(5, 1, 1)],
        [(1, 1, 1)],
        [(3, 1, 4)],
        [(3, 1, 2**i) for i in range(7)],
        [(5, 1, 3), (1, 1, 7), (3, 1, 2)],
    ]:
        assert_field(student, layers)


@pytest.mark.exercise("receptive_field")
def test_receptive_field_strides(student):
    """A stride widens what all later layers see, and not its own layer: pooling, then dilation.

    Catches: the layer's own stride for the product of those before it, the stride applied one
    layer early, strides ignored, strides added up.
    """
    for layers in [
        [(5, 2, 1), (3, 3, 2), (2, 2, 1), (3, 1, 5)],
        [(2, 2, 1), (3, 1, 1)],
        [(3, 1, 1), (2, 2, 1)],
        [(3, 3, 1), (3, 1, 4)],
        [(1, 5, 1), (3, 1, 2)],
        [(2, 2, 1)] * 6,
        [(7, 3, 2)],
    ]:
        assert_field(student, layers)


@pytest.mark.exercise("receptive_field")
def test_receptive_field_random(student, draw):
    """Any layers in any order, and the same ones backwards.

    Catches: layers taken from the last to the first, a formula for equal layers, a result kept
    from an earlier call, layers changed in place, a limit on their number.
    """
    deep = [(1, 1, 5), (3, 1, 1)] * 260 + [(2, 1, 1)]
    assert_equal(assert_unchanged(student.receptive_field.receptive_field, deep), 522)
    for depth in (2, 3, 4):
        columns = [draw.integers(1, high, depth).tolist() for high in (6, 4, 4)]
        layers = [(5, 3, 2), *zip(*columns, strict=True), (3, 2, 1)]
        for order in (layers, layers[::-1], layers, layers):
            assert_field(student, order)


# layers_to_cover


def deep_enough(length, kernel_size, dilation_base):
    """Try one layer more until the field, 1 + Σ (K-1)·dilation, is wide enough."""
    depth, field = 0, 1
    while field < length:
        field += (kernel_size - 1) * dilation_base**depth
        depth += 1
    return depth


def assert_layers(student, length, kernel_size, dilation_base=1):
    """Fail unless the student's number of layers is the fewest that will do."""
    __tracebackhide__ = True
    got = student.receptive_field.layers_to_cover(length, kernel_size, dilation_base)
    expected = deep_enough(length, kernel_size, dilation_base)
    what = f"layers_to_cover({length}, {kernel_size}, {dilation_base})"
    assert_equal(got, expected, name=what)


@pytest.mark.exercise("layers_to_cover")
def test_layers_to_cover_plain(student):
    """Without dilation, which is the default: about length/(K-1) layers, and 0 for length 1.

    Catches: one layer too many or too few, K for K-1, at least one layer, a start at 0.
    """
    for kernel_size in (3, 5, 7):
        near = [*range(2 * kernel_size, 2 * kernel_size - 4, -1), kernel_size, 2, 1]
        for length in [200, 101, 307, *near]:
            assert_layers(student, length, kernel_size)
        expected = deep_enough(53, kernel_size, 1)
        assert_equal(student.receptive_field.layers_to_cover(53, kernel_size), expected)


@pytest.mark.exercise("layers_to_cover")
def test_layers_to_cover_dilated(student):
    """Dilations 1, B, B², …: at the width that a whole stack just covers, one less, one more.

    Catches: dilation ignored, a first dilation of B, B·i for B**i, a logarithm that rounds wrongly.
    """
    assert_layers(student, 62, 3, 2)  # tells most mistakes apart
    for kernel_size, dilation_base, depth in [
        (3, 2, 8),
        (3, 3, 8),
        (5, 2, 4),
        (5, 5, 6),
        (3, 10, 6),
    ]:
        field = 1
        for layer in range(depth):
            field += (kernel_size - 1) * dilation_base**layer
            for length in (field - 1, field, field + 1) if layer == 2 else (field,):
                assert_layers(student, length, kernel_size, dilation_base)


@pytest.mark.exercise("layers_to_cover")
def test_layers_to_cover_any(student, draw):
    """Lengths in between, small and large; the dilation base by name too; an int every time.

    Catches: a formula that is right at whole powers only, a float returned.
    """
    for kernel_size, dilation_base in [(3, 1), (9, 1), (3, 2), (5, 3), (11, 4)]:
        assert_layers(student, kernel_size, kernel_size, dilation_base)
        for high in (10, 100, 1000):
            assert_layers(student, draw.integer(2, high), kernel_size, dilation_base)
    # Of 2000 words a right recursion would be deeper than Python allows.
    assert_layers(student, draw.integer(1000, 1500), 3)
    length = draw.integer(50, 90)
    got = student.receptive_field.layers_to_cover(length, kernel_size=3, dilation_base=2)
    assert_equal(got, deep_enough(length, 3, 2))


# measured_receptive_field


def taps(draw, kernel, width, dtype=torch.float64):
    """A kernel without a number near zero, so that no gradient is small by accident."""
    w = draw.normal(kernel, width, width, dtype=dtype)
    return w + w.sign()


def span64(weights, length, dilations):
    """Autograd's gradient of the middle output of torch's own convolutions."""
    width = weights[0].shape[1]
    x = torch.ones(1, length, width, dtype=torch.float64, requires_grad=True)
    y = x
    for w, dilation in zip(weights, dilations, strict=True):
        y = conv64(y, w.double(), None, dilation)
    (gradient,) = torch.autograd.grad(y[0, length // 2].sum(), x)
    felt = gradient[0].abs().amax(-1).nonzero().flatten().tolist()
    return felt[-1] - felt[0] + 1


def assert_measured(student, weights, length, dilations):
    """Fail unless the student's measured span is autograd's."""
    __tracebackhide__ = True
    got = student.receptive_field.measured_receptive_field(weights, length, dilations)
    kernels = [len(w) for w in weights]
    what = f"the span for kernels {kernels}, length {length} and dilations {dilations}"
    assert_equal(got, span64(weights, length, dilations), name=what)


@pytest.mark.exercise("measured_receptive_field")
def test_measured_receptive_field_inside(student, draw):
    """In a long sequence it is as wide as the formula says, gaps between the taps included.

    Catches: dilation ignored, positions counted in place of the span, an end left out.
    """
    for width, kernels, dilations in [
        (2, [3, 5], [1, 2]),
        (2, [5], [3]),
        (1, [3, 3, 3], [4, 2, 1]),
        (3, [3, 1, 7], [2, 5, 1]),
        (2, [3] * 5, [1] * 5),  # five layers see eleven words
    ]:
        weights = [taps(draw, kernel, width) for kernel in kernels]
        assert_measured(student, weights, 41, dilations)


@pytest.mark.exercise("measured_receptive_field")
def test_measured_receptive_field_at_the_borders(student, draw):
    """In a short sequence it ends where the sequence does, on either side; also for length 1.

    Catches: the formula in place of a measurement, padded positions counted.
    """
    for kernels, dilations, lengths in [
        ([3, 5], [1, 2], [8, 2]),
        ([3], [5], [11, 31, 1]),
        ([5, 3], [131, 7], [523]),
        ([3, 3, 3], [1, 3, 1], [8, 5]),
    ]:
        weights = [taps(draw, kernel, 2) for kernel in kernels]
        for length in lengths:
            assert_measured(student, weights, length, dilations)


@pytest.mark.exercise("measured_receptive_field")
def test_measured_receptive_field_of_zeros(student, draw):
    """Taps that are zero, and channels that nothing reads, narrow what the middle output feels.

    Catches: the formula in place of a measurement, kernel flipped, another output than the middle
    one, one channel of it, the first and the last output together, channels that cancel.
    """
    past = [taps(draw, kernel, 2) for kernel in (5, 3)]
    for w in past:
        w[len(w) // 2 + 1 :] = 0  # only the past and the present
    future = [w.flip(0) for w in past]
    centre = taps(draw, 7, 2)
    centre[:2], centre[-1] = 0, 0
    written, read = taps(draw, 3, 2), taps(draw, 3, 2)
    written[0, :, 1] = 0  # the first tap writes channel 0 alone,
    read[0, 0] = 0  # which the first tap above does not read
    deaf = [taps(draw, 3, 2), taps(draw, 5, 2)]
    deaf[0][:, 0] = 0  # one channel of the input is never read, the other is
    mute = [taps(draw, 3, 2), taps(draw, 3, 2)]
    mute[1][0, :, 0] = 0  # the outer taps write one number of the output each
    mute[1][2, :, 1] = 0
    against = [taps(draw, 3, 2), taps(draw, 3, 2)]
    against[0][0, 1] = -against[0][0, 0]  # what the first tap feels in one channel, less in another
    for weights, short in [
        (past, 6),
        (future, 6),
        ([centre, past[1]], 11),
        ([written, read], 11),
        (deaf, 6),
        (mute, 6),
        (against, 6),
    ]:
        assert_measured(student, weights, 29, [2, 1])
        assert_measured(student, weights, short, [1, 3])


@pytest.mark.exercise("measured_receptive_field")
def test_measured_receptive_field_again(student, draw):
    """Any floating dtype, weights of either sign; they stay as they are, at every call.

    Catches: an input of the default dtype, `gradient > 0`, a result kept from an earlier call,
    lists changed in place.
    """
    weights = [taps(draw, 3, 2), taps(draw, 5, 2)]
    function = student.receptive_field.measured_receptive_field
    assert_equal(assert_unchanged(function, weights, 23, [2, 1]), span64(weights, 23, [2, 1]))
    for argument in (weights, [-w.abs() for w in weights], [w.float() for w in weights]):
        assert_measured(student, argument, 23, [2, 1])
    negative = [-weights[0].abs(), weights[1].abs()]  # whose product is negative
    assert_measured(student, negative, 29, [3, 2])
    negative[0][0] = 0
    assert_measured(student, negative, 29, [3, 2])


@pytest.mark.exercise("measured_receptive_field")
def test_measured_receptive_field_of_any_size(student, draw):
    """Very small gradients count as well as very large ones, through few layers and through many.

    Catches: a threshold where zero is meant, float32 inside, a limit on the layers.
    """
    weights = [taps(draw, kernel, 2) for kernel in (3, 5, 3)]
    weights[2][1] = weights[2][1].sign()
    for factor in (1.0, 1e-12, 1e12, 1e-20):  # the last one's product is no number of float32
        assert_measured(student, scaled(weights, factor), 29, [2, 1, 3])
    many = [taps(draw, 1, 1) for _ in range(16)]
    assert_measured(student, [taps(draw, 3, 1), *many], 11, [2] * 17)


# devices


@pytest.mark.exercise("conv1d", kind="device")
def test_conv1d_on_a_gpu(student, draw):
    """Catches: padding in a tensor on the CPU, outputs added up on the CPU."""
    arguments = inputs(draw, 2, 7, 3, 5, 3)
    function, cotangent = student.receptive_field.conv1d, draw.normal(2, 7, 5)
    assert_gradients(function, conv64, [*arguments, 2], cotangent, THREE)


@pytest.mark.exercise("measured_receptive_field", kind="device")
def test_measured_receptive_field_on_a_gpu(student, draw):
    """Catches: an input made on the CPU, a gradient that goes to NumPy."""
    assert_measured(student, [taps(draw, 3, 2), taps(draw, 5, 2)], 19, [1, 2])
