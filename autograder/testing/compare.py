"""Comparisons for public and hidden tests. A failed one says the fact in a student's words."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from autograder.core.language import _, say
from autograder.testing.calls import Failure
from autograder.testing.student import Function

# Relative to the largest expected magnitude. float64 shows an epsilon or a detour through float32.
RELATIVE = {
    torch.float64: 1e-8,
    torch.float32: 2e-5,
    torch.float16: 4e-3,
    torch.bfloat16: 3e-2,
}
# How near two computations of one wrong formula come, relative to their size. A wider float64 would
# take every slightly wrong answer for the one with an epsilon.
SAME = {torch.float64: 1e-10, torch.float32: 1e-4, torch.float16: 1e-2, torch.bfloat16: 5e-2}
# float32 on an accelerator: a right gradient through cuDNN's LSTM was 2.3e-5 off on an H100, and
# PyTorch's own tests allow its layers 5e-5.
ACCELERATED = 1e-4
_least = 0.0  # the least relative difference that is allowed; more where there is no float64
TOO_LARGE = "a value of type int, too large"  # what comes of a sandbox in place of such a number
TINY = torch.finfo(torch.float64).tiny
ROUNDING = 256  # ulps of its terms that a gradient may be off by; no more than RELATIVE
KEEP_DTYPE = _(
    "A result has the dtype of the input. What you make yourself has torch's default unless you "
    "say otherwise (`dtype=x.dtype`), and `.double()`, `.float()` or NumPy on the way changes it."
)
FLOAT32_INSIDE = _(
    "Every number of it fits into float32, so the right formula was computed in too low a "
    "precision: look for `.float()`, `torch.float32` or a new tensor without `dtype=`."
)
ONE_TENSOR = _(
    "One tensor is asked for, and a list or tuple came back: return what is asked for of it, or "
    "put its parts together."
)
DIFFERENCE = _(
    "%(name)s%(worst_index)s is %(got)s, expected %(expected)s (allowed difference %(allowed)s); "
    "%(wrong)s of %(count)s numbers differ."
)
DIFFERENCE_OF_ONE = _(
    "%(name)s is %(got)s, expected %(expected)s (allowed difference %(allowed)s)."
)
AN_INT = _(
    "An `int` is asked for. `/`, powers and logarithms of floats give a float, however whole it is."
)
UNEXPECTED = _("%(name)s is %(got)s, expected %(expected)s.")
RETURNED = _("`%(function)s` returned %(got)s, expected %(expected)s.")
A_TENSOR, AN_ARRAY, A_NUMBER = _("a tensor"), _("a NumPy array"), _("a number")
A_TENSOR_OF = _("a %(dtype)s tensor of shape %(shape)s")
AN_ARRAY_OF = _("a %(dtype)s NumPy array of shape %(shape)s")


class Mismatch(Failure):
    """A result that is not the expected one; `facts` holds what any rendering is made from."""


@contextlib.contextmanager
def accelerated(float64: bool) -> Iterator[None]:
    """Allow, as long as this lasts, what a right result from an accelerator may be off by.

    float64: whether it has that. Where not, tests in float64 run in float32 there.
    """
    global _least
    usual = RELATIVE[torch.float32]
    RELATIVE[torch.float32] = ACCELERATED
    _least = 0.0 if float64 else ACCELERATED
    try:
        yield
    finally:
        RELATIVE[torch.float32], _least = usual, 0.0


def assert_close(
    got: object,
    expected: torch.Tensor | np.ndarray | float,
    *,
    dtype: torch.dtype | None = torch.float64,
    relative: float | None = None,
    absolute: float | None = None,
    elementwise: bool = False,
    name: str = "the result",
) -> None:
    """Fail unless `got` equals `expected` in shape, dtype and, within the tolerance, in value.

    expected: the float64 truth, any shape; a NumPy array or a number asks for NumPy or a number.
    dtype: what a tensor's dtype must be; not looked at for NumPy, nor where it is None.
    relative: the allowed difference over the largest expected magnitude (over each number's own
        magnitude with `elementwise`); by default what the dtype affords.
    absolute: the allowed difference itself; takes the place of `relative`.
    Raises Mismatch.
    """
    __tracebackhide__ = True
    wanted = torch.as_tensor(expected, dtype=torch.float64)
    actual = _as_tensor(got, expected, dtype, name).detach()
    error = (actual.to(torch.float64) - wanted).abs()
    allowed = _allowed(wanted, dtype, relative, absolute, elementwise)
    close = error <= allowed
    if close.all():  # NaN is not
        return
    wrong = ~close
    allowed = allowed.expand(wanted.shape)
    excess = torch.where(error.isnan(), torch.inf, error / allowed)
    worst = [int(i) for i in np.unravel_index(int(excess.argmax()), tuple(wanted.shape))]
    at = tuple(worst)
    facts = {
        "name": name,
        "shape": list(wanted.shape),
        "worst_index": worst,
        "expected": _number(wanted[at]),
        "got": _number(actual[at]),
        "allowed": _number(allowed[at]),
        "wrong": int(wrong.sum()),
        "count": wanted.numel(),
    }
    message = say(DIFFERENCE if wanted.numel() > 1 else DIFFERENCE_OF_ONE, **facts)
    if allowed[at].isinf():  # only what is no number fails then
        at_worst = f"{name}{worst or ''}"
        message = say(UNEXPECTED, **facts | {"name": at_worst, "expected": A_NUMBER})
    if dtype is not torch.float32 and not _least and _is_float32(actual, wanted):
        raise Mismatch(
            message, help=FLOAT32_INSIDE, help_id="float32_inside", compared=(actual, wanted)
        )
    raise Mismatch(message, compared=(actual, wanted))


def _allowed(
    wanted: torch.Tensor,
    dtype: torch.dtype | None,
    relative: float | None,
    absolute: float | None,
    elementwise: bool,
) -> torch.Tensor:
    """The allowed difference, of each number or of all; see assert_close."""
    magnitude = wanted.abs()
    if not elementwise and wanted.numel():
        magnitude = magnitude.amax()
    if absolute is not None:
        return (_least * magnitude).clamp(min=max(absolute, TINY))
    scale = RELATIVE[dtype or torch.float64] if relative is None else relative
    return (max(scale, _least) * magnitude).clamp(min=TINY)


def assert_each_close(
    got: object,
    expected: Sequence[torch.Tensor | np.ndarray | float],
    names: Sequence[str],
    **tolerance: Any,
) -> None:
    """Fail unless `got` is a tuple (or list) of results, each close to its own expected one.

    names: what to call each result in a message. tolerance: as for assert_close.
    """
    __tracebackhide__ = True
    if not isinstance(got, (list, tuple)) or len(got) != len(expected):
        message = _("the result is %(got)s, expected a tuple of %(length)s: %(names)s.")
        raise Mismatch(
            say(message, got=describe(got), length=len(expected), names=", ".join(names))
        )
    for item, value, name in zip(got, expected, names, strict=True):
        assert_close(item, value, name=name, **tolerance)


def assert_dict_close(
    got: object,
    expected: Mapping[str, torch.Tensor],
    *,
    name: str = "the result",
    **tolerance: Any,
) -> None:
    """Fail unless `got` is a dict with the keys of `expected`, in any order, and close to it.

    tolerance: as for assert_close, of each value; `name["key"]` is what it is called.
    """
    __tracebackhide__ = True
    keys = ", ".join(map(repr, expected))
    if not isinstance(got, Mapping):
        message = _("%(name)s is %(got)s, expected a dict with the keys %(keys)s.")
        raise Mismatch(say(message, name=name, got=describe(got), keys=keys))
    if got.keys() != expected.keys():
        message = _("%(name)s has the keys %(got)s, expected a dict with the keys %(keys)s.")
        raise Mismatch(say(message, name=name, got=", ".join(map(repr, got)), keys=keys))
    for key, value in expected.items():
        assert_close(got[key], value, name=f'{name}["{key}"]', **tolerance)


def assert_equal(got: object, expected: object, name: str = "the result") -> None:
    """Fail unless `got` is exactly `expected`: integers, booleans, lists and integer tensors."""
    __tracebackhide__ = True
    if isinstance(expected, torch.Tensor):
        actual = _as_tensor(got, expected, expected.dtype, name)
        wrong = actual != expected
        if wrong.any():
            worst = [int(i) for i in wrong.nonzero()[0]]
            at = tuple(worst)
            facts = {
                "name": name,
                "shape": list(expected.shape),
                "worst_index": worst,
                "expected": expected[at].item(),
                "got": actual[at].item(),
                "wrong": int(wrong.sum()),
                "count": expected.numel(),
            }
            raise Mismatch(
                say(
                    "%(name)s%(worst_index)s is %(got)s, expected %(expected)s; "
                    "%(wrong)s of %(count)s differ.",
                    **facts,
                ),
                compared=(actual, expected),
            )
        return
    if isinstance(got, np.generic):
        got = got.item()  # a NumPy number is a number, as it is when it comes from a sandbox
    if type(got) is not type(expected) or got != expected:
        # a float in place of an int is no known mistake in the value
        kind = int if str(got) == TOO_LARGE else type(got)
        help_id = "" if kind is type(expected) else "wrong_type"
        advice = AN_INT if isinstance(got, float) and type(expected) is int else ""
        if isinstance(got, list) and isinstance(expected, list) and len(got) == len(expected):
            first = next(
                i for i, pair in enumerate(zip(got, expected, strict=True)) if pair[0] != pair[1]
            )
            name, got, expected = f"{name}[{first}]", got[first], expected[first]
        told = say(UNEXPECTED, name=name, got=describe(got), expected=repr(expected))
        raise Mismatch(told, help=advice, help_id=help_id)


def assert_raises(function: Function, error: type[Exception], *args: Any, **kwargs: Any) -> None:
    """Fail unless a call of the function raises `error`, an exception of Python's own.

    error: Exception, where a docstring names "torch's own" and any that a program raises will do.
    """
    __tracebackhide__ = True
    try:
        value = function(*args, **kwargs)
    except Failure as failure:
        raised = failure.facts.get("raised")  # in a sandbox: its type and that type's bases
        if raised and error.__name__ in raised:
            return
        if raised is None:
            raise
        told = say(
            "%(failure)s Expected a %(error)s.", failure=failure.message, error=error.__name__
        )
        raise Mismatch(told) from None
    except error:  # in a local run
        return
    any_will_do = error is Exception
    wanted = say("an exception") if any_will_do else say("a %(error)s", error=error.__name__)
    raise Mismatch(say(RETURNED, function=function.name, got=describe(value), expected=wanted))


def assert_unchanged(function: Function, *args: Any, **kwargs: Any) -> Any:
    """Fail if a call of the function changes one of its arguments in place; return its value."""
    __tracebackhide__ = True
    outcome = function.observe(*args, **kwargs)
    if outcome.changed:
        which = ", ".join(str(position + 1) for position in outcome.changed)
        raise Mismatch(
            say(
                "`%(function)s` changed its argument %(which)s in place. The caller still needs "
                "it: work on a new tensor (`h = h + x` makes one, `h += x` and `h[:, t] = x` do "
                "not).",
                function=function.name,
                which=which,
            ),
            help_id="in_place",
            facts={"changed": outcome.changed},
        )
    return outcome.value


def assert_gradients(
    function: Function,
    oracle: Callable[..., torch.Tensor | Sequence[torch.Tensor]],
    args: Sequence[Any],
    cotangents: torch.Tensor | Sequence[torch.Tensor | None],
    names: Sequence[str],
    *,
    relative: float | None = None,
    **kwargs: Any,
) -> None:
    """Fail unless the function's values and vector-Jacobian products equal the oracle's.

    oracle: takes the same arguments and returns a tensor or several; differentiable.
    args: positional arguments; the floating tensors among them (nested ones too) are
        differentiated, and are float64 unless a dtype is what the test is about.
    cotangents: one for each output; None leaves an output's gradient out.
    names: what to call each of those tensors in a message.
    """
    __tracebackhide__ = True
    from autograder.sandbox import evaluate

    wanted_cotangents = [cotangents] if isinstance(cotangents, torch.Tensor) else list(cotangents)
    copies = _copy(args)
    truth = evaluate.vjp(oracle, copies, kwargs, wanted_cotangents)
    got = function.vjp(_copy(args), wanted_cotangents, **kwargs)
    expected = [t.detach() for t in evaluate.arrays(truth.value) if isinstance(t, torch.Tensor)]
    outputs = list(evaluate.arrays(got.value))
    in_a_list = isinstance(truth.value, torch.Tensor) and isinstance(got.value, (list, tuple))
    if len(outputs) != len(expected) or in_a_list:
        wanted = say("%(count)s tensors", count=len(expected)) if len(expected) > 1 else A_TENSOR
        raise Mismatch(
            say(RETURNED, function=function.name, got=describe(got.value), expected=wanted),
            help=ONE_TENSOR if in_a_list else "",
        )
    for position, (output, value) in enumerate(zip(outputs, expected, strict=True)):
        many = len(expected) > 1
        label = say("output %(number)s", number=position + 1) if many else "the result"
        allowed = RELATIVE[value.dtype] if relative is None else relative
        assert_close(output, value, dtype=None, relative=allowed, name=label)  # no test of dtypes
    true_gradients = truth.gradients or []
    pairs = zip(got.gradients or [], true_gradients, strict=True)
    noise = _noise(evaluate.leaves(copies), true_gradients)
    for name, (gradient, true_gradient), least in zip(names, pairs, noise, strict=True):
        if true_gradient is None:
            continue
        if gradient is None and _largest(true_gradient) <= least:
            continue  # not to depend on an input has the gradient 0
        if gradient is None:
            raise Mismatch(
                say(
                    "No gradient reaches %(input)s: the result does not depend on it for autograd. "
                    "Is it used at all? If it is, a `.detach()`, `.data`, `.item()`, "
                    "`torch.no_grad()`, `torch.tensor(...)` or a trip through NumPy cuts the "
                    "graph.",
                    input=name,
                ),
                help_id="detached",
            )
        allowed = RELATIVE[true_gradient.dtype] if relative is None else relative
        assert_close(
            gradient,
            true_gradient,
            dtype=true_gradient.dtype,
            absolute=max(allowed * _largest(true_gradient), least),
            name=say("the gradient of %(input)s", input=name),
        )


def _noise(inputs: Sequence[torch.Tensor], gradients: Sequence[torch.Tensor | None]) -> list[float]:
    """What rounding may leave of each gradient where the terms that it is the sum of cancel.

    Measured by the largest gradient of all, each times its input: so inputs of any size compare.
    """
    sizes = [_largest(value) or 1.0 for value in inputs]
    felt = [
        0.0 if gradient is None else _largest(gradient) * size
        for gradient, size in zip(gradients, sizes, strict=True)
    ]
    return [
        min(ROUNDING * torch.finfo(value.dtype).eps, RELATIVE[value.dtype]) * max(felt) / size
        for value, size in zip(inputs, sizes, strict=True)
    ]


def _largest(values: torch.Tensor) -> float:
    return float(values.detach().abs().amax()) if values.numel() else 0.0


def describe(value: object) -> str:
    """Describe a value briefly: its type and shape, or the value itself where it is short."""
    if value is None:
        return say("None (is a `return` missing?)")
    if isinstance(value, (torch.Tensor, np.ndarray)):
        kind = A_TENSOR_OF if isinstance(value, torch.Tensor) else AN_ARRAY_OF
        return say(kind, dtype=str(value.dtype), shape=list(value.shape))
    if isinstance(value, (list, tuple)):  # which of them does not cross the wire
        return say("a tuple or list of %(length)s", length=len(value))
    if isinstance(value, dict):
        return say("a dict of %(length)s", length=len(value))
    text = repr(value) if isinstance(value, (bool, int, float, str)) else str(value)
    return text[:80]


def _as_tensor(got: object, expected: object, dtype: torch.dtype | None, name: str) -> torch.Tensor:
    """`got` as a tensor, provided that it is of the kind and shape that `expected` asks for.

    Both are known before any number is copied or converted: there may be millions of them.
    """
    if isinstance(expected, torch.Tensor):
        if not isinstance(got, torch.Tensor):
            told = say(UNEXPECTED, name=name, got=describe(got), expected=A_TENSOR)
            advice = ONE_TENSOR if isinstance(got, (list, tuple)) else ""
            raise Mismatch(told, help=advice, help_id="no_tensor")
        if dtype is not None and got.dtype != dtype:
            told = say(
                "%(name)s is a %(got)s tensor, expected %(expected)s.",
                name=name,
                got=str(got.dtype),
                expected=str(dtype),
            )
            advice = KEEP_DTYPE if dtype.is_floating_point else ""
            raise Mismatch(told, help=advice, help_id="wrong_dtype")
        _check_real(got.is_complex() and not expected.is_complex(), name)
        _check_shape(got.shape, expected.shape, name)
        return got
    if isinstance(got, (list, tuple)) and isinstance(expected, np.ndarray):
        got = _as_array(got, expected.shape, name)  # a list of numbers is as good as an array
    if isinstance(got, np.generic):
        got = got.item()  # a NumPy number is a number, as it is when it comes from a sandbox
    if isinstance(got, bool) or not isinstance(got, (np.ndarray, int, float)):
        wanted = AN_ARRAY if isinstance(expected, np.ndarray) else A_NUMBER
        raise Mismatch(say(UNEXPECTED, name=name, got=describe(got), expected=wanted))
    _check_shape(getattr(got, "shape", ()), getattr(expected, "shape", ()), name)
    if isinstance(got, np.ndarray):
        _check_real(got.dtype.kind == "c", name)
        got = got.copy()  # torch takes no array that runs backwards, such as norms[::-1]
    return torch.as_tensor(got, dtype=torch.float64)


def _number(value: torch.Tensor) -> float | str:
    """A number as data: JSON has no NaN and no infinity."""
    number = float(value)
    return number if math.isfinite(number) else str(number)


def _is_float32(actual: torch.Tensor, wanted: torch.Tensor) -> bool:
    """Whether numbers are right but for having been rounded to float32 on the way."""
    error = (actual.to(torch.float64) - wanted).abs()
    rounded = bool((actual.to(torch.float64) == actual.float().to(torch.float64)).all())
    needed = bool((wanted != wanted.float().to(torch.float64)).any())
    return rounded and needed and bool((error <= 1e-5 * wanted.abs().amax()).all())


def _as_array(numbers: Sequence[Any], shape: Sequence[int], name: str) -> object:
    """A list of numbers or arrays, of this shape, as an array; anything else as it is."""
    first = numbers[0] if numbers else 0.0
    if isinstance(first, (np.ndarray, int, float)):
        _check_shape([len(numbers), *np.shape(first)], shape, name)
    try:
        return np.asarray(numbers, dtype=np.float64)
    except (TypeError, ValueError):
        return numbers


def _check_real(is_complex: bool, name: str) -> None:
    if is_complex:
        raise Mismatch(say("%(name)s is complex, expected real numbers.", name=name))


def _check_shape(got: Sequence[int], wanted: Sequence[int], name: str) -> None:
    if tuple(got) != tuple(wanted):
        told = say(
            "%(name)s has shape %(got_shape)s, expected %(shape)s.",
            name=name,
            shape=list(wanted),
            got_shape=list(got),
        )
        raise Mismatch(told)


def _copy(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item) for item in value]
    return value
