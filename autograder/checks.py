"""Comparisons for public and hidden tests. A failed one says the fact in a student's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from autograder.student import Failure, Function, plural

# Relative to the largest expected magnitude. float64 shows an epsilon or a detour through float32.
RELATIVE = {
    torch.float64: 1e-8,
    torch.float32: 2e-5,
    torch.float16: 4e-3,
    torch.bfloat16: 3e-2,
}

KEEP_DTYPE = (
    "A result has the dtype of the input. What you make yourself has torch's default unless you "
    "say otherwise (`dtype=x.dtype`), and `.double()`, `.float()` or NumPy on the way changes it."
)
FLOAT32_INSIDE = (
    "Every number of it fits into float32, so the right formula was computed in too low a "
    "precision: look for `.float()`, `torch.float32` or a new tensor without `dtype=`."
)


class Mismatch(Failure):
    """A result that is not the expected one; `facts` holds what any rendering is made from."""


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
    _check_shape(actual, wanted, name)
    magnitude = wanted.abs() if elementwise else wanted.abs().amax() if wanted.numel() else wanted
    if absolute is None:
        scale = RELATIVE[dtype or torch.float64] if relative is None else relative
        allowed = (scale * magnitude).expand(wanted.shape)
    else:
        allowed = torch.full_like(wanted, absolute)
    allowed = allowed.clamp(min=torch.finfo(torch.float64).tiny)
    error = (actual.to(torch.float64) - wanted).abs()
    wrong = ~(error <= allowed)  # not (error > allowed): NaN is wrong
    if not wrong.any():
        return
    excess = torch.where(error.isnan(), torch.inf, error / allowed)
    worst = [int(i) for i in np.unravel_index(int(excess.argmax()), tuple(wanted.shape))]
    at = tuple(worst)
    facts: dict[str, Any] = {
        "name": name,
        "shape": list(wanted.shape),
        "worst_index": worst,
        "expected": float(wanted[at]),
        "got": float(actual[at]),
        "allowed": float(allowed[at]),
        "wrong": int(wrong.sum()),
        "count": wanted.numel(),
    }
    low = dtype is not torch.float32 and _is_float32(actual, wanted)
    where = f"{name}{worst}" if worst else name
    message = (
        f"{where} is {facts['got']:.9g}, expected {facts['expected']:.9g} "
        f"(allowed difference {facts['allowed']:.2g})"
    )
    if wanted.numel() > 1:
        message += f"; {facts['wrong']} of {plural(facts['count'], 'number')} differ"
    if low:
        raise Mismatch(message + ".", help=FLOAT32_INSIDE, help_id="float32_inside", facts=facts)
    raise Mismatch(message + ".", facts=facts)


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
        raise Mismatch(
            f"the result is {describe(got)}, expected a tuple of {len(expected)}: "
            f"{', '.join(names)}."
        )
    for item, value, name in zip(got, expected, names, strict=True):
        assert_close(item, value, name=name, **tolerance)


def assert_equal(got: object, expected: object, name: str = "the result") -> None:
    """Fail unless `got` is exactly `expected`: integers, booleans, lists and integer tensors."""
    __tracebackhide__ = True
    if isinstance(expected, torch.Tensor):
        actual = _as_tensor(got, expected, expected.dtype, name)
        _check_shape(actual, expected, name)
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
                f"{name}{worst} is {facts['got']}, expected {facts['expected']}; "
                f"{facts['wrong']} of {facts['count']} differ.",
                facts=facts,
            )
        return
    if isinstance(got, np.generic):
        got = got.item()  # a NumPy number is a number, as it is when it comes from a sandbox
    if type(got) is not type(expected) or got != expected:
        raise Mismatch(
            f"{name} is {describe(got)}, expected {expected!r}.",
            # a float in place of an int is no known mistake in the value
            help_id="" if type(got) is type(expected) else "wrong_type",
            facts={"name": name, "expected": expected, "got": describe(got)},
        )


def assert_raises(function: Function, error: type[Exception], *args: Any, **kwargs: Any) -> None:
    """Fail unless a call of the function raises `error`, an exception of Python's own."""
    __tracebackhide__ = True
    try:
        value = function(*args, **kwargs)
    except error:
        return
    except Failure as failure:
        raised = failure.facts.get("raised")  # in a sandbox: its type and that type's bases
        if raised and error.__name__ in raised:
            return
        if raised is None:
            raise
        raise Mismatch(f"{failure.message} Expected a {error.__name__}.") from None
    raise Mismatch(f"{function.name} returned {describe(value)}, expected a {error.__name__}.")


def assert_unchanged(function: Function, *args: Any, **kwargs: Any) -> None:
    """Fail if a call of the function changes one of its arguments in place."""
    __tracebackhide__ = True
    changed = function.observe(*args, **kwargs).changed
    if changed:
        which = ", ".join(str(position + 1) for position in changed)
        raise Mismatch(
            f"{function.name} changed its argument {which} in place. The caller still needs it: "
            "work on a new tensor (`h = h + x` makes one, `h += x` and `h[:, t] = x` do not).",
            help_id="in_place",
            facts={"changed": changed},
        )


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
    if len(outputs) != len(expected):
        raise Mismatch(
            f"{function.name} returned {describe(got.value)}, expected "
            f"{plural(len(expected), 'tensor')}."
        )
    for position, (output, value) in enumerate(zip(outputs, expected, strict=True)):
        label = "the result" if len(expected) == 1 else f"output {position + 1}"
        assert_close(output, value, dtype=value.dtype, relative=relative, name=label)
    pairs = zip(got.gradients or [], truth.gradients or [], strict=True)
    for name, (gradient, true_gradient) in zip(names, pairs, strict=True):
        if true_gradient is None:
            continue
        if gradient is None:
            raise Mismatch(
                f"No gradient reaches {name}: the result does not depend on it for autograd. "
                "A `.detach()`, `.data`, `.item()`, `torch.no_grad()`, `torch.tensor(...)` or a "
                "trip through NumPy cuts the graph.",
                help_id="detached",
            )
        assert_close(
            gradient,
            true_gradient,
            dtype=true_gradient.dtype,
            relative=relative,
            name=f"the gradient of {name}",
        )


def describe(value: object) -> str:
    """Describe a value briefly: its type and shape, or the value itself where it is short."""
    if value is None:
        return "None (is a `return` missing?)"
    if isinstance(value, torch.Tensor):
        return f"a {value.dtype} tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"a {value.dtype} NumPy array of shape {value.shape}"
    if isinstance(value, (list, tuple)):
        return f"a {type(value).__name__} of {len(value)}"
    if isinstance(value, (bool, int, float, str)):
        return repr(value)[:80]
    return str(value)[:80]


def _as_tensor(got: object, expected: object, dtype: torch.dtype | None, name: str) -> torch.Tensor:
    """`got` as a tensor, provided that it is of the kind that `expected` asks for."""
    if isinstance(expected, torch.Tensor):
        if not isinstance(got, torch.Tensor):
            raise Mismatch(f"{name} is {describe(got)}, expected a tensor.", help_id="no_tensor")
        if dtype is not None and got.dtype != dtype:
            raise Mismatch(
                f"{name} is a {got.dtype} tensor, expected {dtype}.",
                help=KEEP_DTYPE if dtype.is_floating_point else "",
                help_id="wrong_dtype",
            )
        return got
    if isinstance(got, (list, tuple)) and isinstance(expected, np.ndarray):
        got = _as_array(got)  # a list of numbers is as good as an array
    if isinstance(got, np.generic):
        got = got.item()  # a NumPy number is a number, as it is when it comes from a sandbox
    if isinstance(got, bool) or not isinstance(got, (np.ndarray, int, float)):
        wanted = "a NumPy array" if isinstance(expected, np.ndarray) else "a number"
        raise Mismatch(f"{name} is {describe(got)}, expected {wanted}.")
    if isinstance(got, np.ndarray) and got.dtype.kind == "c":
        raise Mismatch(f"{name} is complex, expected real numbers.")
    if isinstance(got, np.ndarray):
        got = got.copy()  # torch takes no array that runs backwards, such as norms[::-1]
    return torch.as_tensor(got, dtype=torch.float64)


def _is_float32(actual: torch.Tensor, wanted: torch.Tensor) -> bool:
    """Whether numbers are right but for having been rounded to float32 on the way."""
    error = (actual.to(torch.float64) - wanted).abs()
    rounded = bool((actual.to(torch.float64) == actual.float().to(torch.float64)).all())
    needed = bool((wanted != wanted.float().to(torch.float64)).any())
    return rounded and needed and bool((error <= 1e-5 * wanted.abs().amax()).all())


def _as_array(numbers: Sequence[Any]) -> object:
    """A list of numbers as an array; anything else as it is."""
    try:
        return np.asarray(numbers, dtype=np.float64)
    except (TypeError, ValueError):
        return numbers


def _check_shape(actual: torch.Tensor, wanted: torch.Tensor, name: str) -> None:
    if actual.shape != wanted.shape:
        raise Mismatch(
            f"{name} has shape {tuple(actual.shape)}, expected {tuple(wanted.shape)}.",
            facts={"name": name, "shape": list(wanted.shape), "got_shape": list(actual.shape)},
        )


def _copy(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item) for item in value]
    return value
