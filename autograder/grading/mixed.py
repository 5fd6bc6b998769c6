"""The reference of a function with the student's own earlier functions in it.

These run in a process of their own, which never sees what the later function was asked for. Else
they could know those arguments again, be wrong there alone, and make the later function easy.
"""

from __future__ import annotations

import functools
import itertools
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from types import FunctionType, ModuleType
from typing import Any, NamedTuple, TypeGuard

import torch
from torch.autograd.function import once_differentiable

from autograder.mistakes.diagnose import Call, observe, raised
from autograder.mistakes.match import NEAR, Gave, gives, same
from autograder.sandbox import evaluate
from autograder.sandbox.evaluate import CallResult
from autograder.testing.calls import Failure, Invocation

MOST_CALLS = 20_000  # of earlier functions, for an exercise: what needs more is not carried
A_CALL = 1 << 16  # bytes of a reply; a longer one counts as several calls
SPREADS = (1.0, 4.0, 16.0, 64.0)  # of the factors that an array is multiplied by
ROUNDING = 4.0  # times as far as two computations of one formula are from one another
FAR = 100 * ROUNDING  # times what an argument changes that matters: else rounding may hide it
MOST_FAR = 1e-2  # of the largest number, where numbers are that coarse
Solution = Callable[[str], ModuleType]  # the reference of a unit


class Form(NamedTuple):
    """What makes a call another one with the same numbers."""

    dtype: torch.dtype
    device: str
    gradient: bool

    @classmethod
    def of(cls, asked: Invocation) -> Form:
        """The form of a call."""
        leaves = evaluate.leaves([asked.args, asked.kwargs])
        dtype = leaves[0].dtype if leaves else torch.float64
        return cls(dtype, asked.device, asked.cotangents is not None)


Heard = tuple[Invocation, Gave]  # a call, and what it came to
Answer = tuple[Gave | None, set[str]]  # what a call comes to; and who was not right in it
Way = Callable[[float], Invocation]  # a call with something changed by so much


class Expected(NamedTuple):
    """What a call comes to, None where nobody can say.

    wrong: the earlier functions that were not right in it. tells: whether every argument that
    matters to the right result matters to this one, too, and no gradient is gone. shown: a call
    with another one of each of these arguments, and what that comes to.
    """

    gave: Gave | None
    wrong: set[str]
    tells: bool
    shown: Sequence[Heard] = ()


class Mixed:
    """The reference of a function, with the student's own earlier functions in it."""

    def __init__(
        self,
        call: Call,
        first: Call,
        own: Sequence[Heard],
        solution: Solution,
        unit: str,
        function: str,
        earlier: Sequence[str],
        seed: str,
    ) -> None:
        """call: calls the earlier functions where nothing else is called. first: the same, in
        another process, so that the one above learns nothing from what is asked there. own: what
        they gave in their own tests, which they have to give among other calls, too.

        earlier: their names, such as `attention.score`. seed: of the order of calls.
        """
        self.unit, self.function = unit, function
        self._theirs, self._first, self._solution = call, first, solution
        self._own = own
        self.steady = True  # whether they did
        self._left = MOST_CALLS
        self._order = random.Random(seed)
        self._hid: set[int] = set()  # places of arguments that did not matter in some call
        self._moved: set[int] = set()  # of those that mattered to the right result in the last one
        self._wrong: set[str] = set()  # of the earlier functions, in the last call
        self._failure: Failure | None = None  # of one of them
        self._device = ""
        self.earlier = frozenset(earlier)
        self.right: Callable[..., Any] = getattr(solution(unit), function)
        self._mixed = functools.cache(self._mix)

    def _mix(self, earlier: Set[str]) -> Callable[..., Any]:
        """The reference with these earlier functions in it."""
        theirs = {name.partition(".")[2]: functools.partial(self._call, name) for name in earlier}
        mixed: Callable[..., Any] = _with(self._solution(self.unit), theirs)[self.function]
        return mixed

    def _answer(self, asked: Invocation, earlier: Set[str]) -> Answer:
        """What a call comes to, None where nobody can say; and who was not right in it."""
        self._wrong, self._failure, self._device = set(), None, asked.device
        gave = gives(self._mixed(frozenset(earlier)), asked)
        return raised(self._failure) if self._failure else gave, self._wrong

    def first_answer(self, asked: Invocation) -> Answer:
        """The same, quickly: where nobody was wrong in it, nothing follows."""
        theirs, self._theirs = self._theirs, self._first
        try:
            self._ask_again()
            return self._answer(asked, self.earlier)
        finally:
            self._theirs = theirs

    def _ask_again(self) -> None:
        """Ask for something that was asked in a test of an earlier function itself."""
        if self._own:
            asked, gave = self._order.choice(self._own)
            again, _ = observe(self._theirs, asked)
            self.steady &= bool(again and alike(again, gave))

    def expected(self, asked: Invocation, earlier: Set[str]) -> Expected:
        """What a call comes to, and whether that tells what the later function does.

        Asked among calls like it in an order that nobody foresees: so an earlier function cannot
        know which of them is meant. earlier: those that are asked; ours stand for the others.
        """
        exact = Form(torch.float64, "cpu", asked.cotangents is not None)
        truth = gives(self.right, self.recast(asked, exact))
        ways = _ways_to_change(asked)
        left, hidden = set(range(len(ways))), set[int]()  # left: not seen to matter to this one
        self._ask_again()
        gave, wrong = None, set[str]()
        shown: dict[int, Heard] = {}
        # One that another call hid is asked first: where it is hidden here, too, that is all.
        turns = [({place}, SPREADS) for place in sorted(self._hid & left)[:1]]
        for places, spreads in [*turns, (left, SPREADS[:1]), (left, SPREADS[1:])]:
            tried = {(n, by): ways[n](by) for n in sorted(places & left) for by in spreads}
            # Whether the right result moves is computed first, but where it did in the last call.
            unseen = self._moved & left
            others = {
                way: other
                for way, other in tried.items()
                if way[0] in unseen or self._moves(truth, other, exact)
            }
            if gave and not others:
                continue
            asking: list[tuple[Any, Invocation]] = [("meant", asked), *others.items()]
            self._order.shuffle(asking)
            found = {what: self._answer(call, earlier) for what, call in asking}
            before, (gave, wrong) = gave, found["meant"]
            if not _is_value(gave) or (before and not alike(gave, before)):
                return Expected(gave, wrong, False)
            for (n, by), other in others.items():
                if _differs(seen := found[n, by][0], gave):
                    shown.setdefault(n, (other, seen))
            moved = {
                n
                for (n, _by), other in others.items()
                if n in shown or n not in unseen or self._moves(truth, other, exact)
            }
            self._moved = (self._moved - {n for n, _by in others}) | moved
            hidden = (hidden | moved) - shown.keys()
            left = left - shown.keys()
            if hidden and spreads == SPREADS:
                break
        self._hid = (self._hid & left) | hidden
        flat = self._is_flat(asked, [gave, *(seen for _, seen in shown.values())])
        return Expected(gave, wrong, not hidden and not flat, [*shown.values()])

    def _is_flat(self, asked: Invocation, gave: Sequence[Gave | None]) -> bool:
        """Whether no result has a gradient other than zeros where the right one has some."""
        truth = gives(self.right, asked) if asked.cotangents is not None else None
        there = [map(_is_some, (one and one.gradients) or ()) for one in gave]
        wanted = map(_is_some, (truth and truth.gradients) or ())
        pairs = zip(map(any, zip(*there, strict=False)), wanted, strict=False)
        return any(some and not has for has, some in pairs)

    def _moves(self, truth: Gave | None, other: Invocation, exact: Form) -> bool:
        there = gives(self.right, self.recast(other, exact))
        return _is_value(truth) and _differs(there, truth)

    def recast(self, asked: Invocation, form: Form) -> Invocation:
        """A call in another form."""
        args, kwargs = evaluate.each(
            [asked.args, asked.kwargs],
            lambda array: array.to(form.dtype) if _is_leaf(array) else array,
        )
        made = replace(asked, args=args, kwargs=kwargs, device=form.device, cotangents=None)
        truth = gives(self.right, made) if form.gradient else None
        if truth is None:
            return made
        tensors = [t for t in evaluate.arrays(truth.value) if isinstance(t, torch.Tensor)]
        generator = torch.Generator().manual_seed(0)
        cotangents = [
            torch.randn(t.shape, generator=generator, dtype=torch.float64) if _is_leaf(t) else None
            for t in tensors
        ]
        return replace(made, cotangents=cotangents)

    def likened(self, asked: Invocation, other: Invocation) -> Invocation | None:
        """A call with the numbers of one in the shapes of another, if both take the same."""
        arrays = [*evaluate.arrays([asked.args, asked.kwargs])]
        models = [*evaluate.arrays([other.args, other.kwargs])]
        if [*map(_kind, arrays)] != [*map(_kind, models)]:
            return None
        shapes = iter(model.shape for model in models)

        def resize(array: Any) -> Any:
            numbers, shape = torch.as_tensor(array).flatten(), next(shapes)
            which = torch.arange(math.prod(shape)) % max(1, len(numbers))  # from the first again
            resized = numbers[which].reshape(shape)
            return resized if isinstance(array, torch.Tensor) else resized.numpy()

        args, kwargs = evaluate.each([asked.args, asked.kwargs], resize)
        pairs = itertools.zip_longest(args, other.args[: len(args)])
        args = [
            theirs if type(mine) is int else mine for mine, theirs in pairs
        ]  # a number of heads
        return self.recast(replace(asked, args=args, kwargs=kwargs), Form.of(asked))

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call an earlier function over the wire; autograd goes on through it."""
        sent = [self._device if isinstance(a, torch.device) else a for a in args]
        leaves = evaluate.leaves(sent)

        def ask(
            numbers: Sequence[torch.Tensor], cotangents: Sequence[torch.Tensor | None] | None = None
        ) -> CallResult:
            following = iter(numbers)
            given = evaluate.each(sent, lambda a: next(following).detach() if _is_leaf(a) else a)
            return self._ask(name, given, kwargs, cotangents)

        if not torch.is_grad_enabled() or not any(leaf.requires_grad for leaf in leaves):
            return ask(leaves).value
        returned: list[Any] = []
        outputs = iter(_OverTheWire.apply(ask, returned, *leaves))  # type: ignore[no-untyped-call]
        return evaluate.each(
            returned[0], lambda array: next(outputs) if isinstance(array, torch.Tensor) else array
        )

    def _ask(
        self,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        cotangents: Sequence[torch.Tensor | None] | None,
    ) -> CallResult:
        unit, _, function = name.partition(".")
        asked = Invocation(unit, function, args, kwargs, self._device, cotangents)
        self._left -= 1
        try:
            if self._left < 0:
                raise Failure("The earlier functions were called too often.")
            outcome = self._theirs(asked)
        except Failure as failure:
            self._failure = failure
            self._wrong.add(name)
            raise
        self._left -= len(outcome.received) // A_CALL
        if name not in self._wrong and not self._is_right(asked, outcome):
            self._wrong.add(name)
        return outcome

    def _is_right(self, asked: Invocation, outcome: CallResult) -> bool:
        here = ["cpu" if a is self._device else a for a in asked.args]
        right = getattr(self._solution(asked.unit), asked.function)
        with torch.enable_grad():  # which is off inside an autograd.Function
            truth = gives(right, replace(asked, args=here))
        return bool(truth and alike(Gave(outcome.value, outcome.gradients), truth))


class _OverTheWire(torch.autograd.Function):
    """A call whose gradients are the student's own vector-Jacobian product."""

    @staticmethod
    def forward(
        ctx: Any, ask: Callable[..., CallResult], returned: list[Any], *leaves: torch.Tensor
    ) -> tuple[torch.Tensor, ...]:
        """See torch.autograd.Function. returned: takes the value, which may be no tensor."""
        ctx.ask = ask
        ctx.save_for_backward(*leaves)
        ctx.set_materialize_grads(False)
        returned.append(ask(leaves, []).value)  # with autograd on, where torch goes other ways
        return tuple(t for t in evaluate.arrays(returned[0]) if isinstance(t, torch.Tensor))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *cotangents: torch.Tensor | None) -> tuple[Any, ...]:
        """See torch.autograd.Function."""
        return None, None, *ctx.ask(ctx.saved_tensors, cotangents).gradients


def _kind(array: Any) -> tuple[bool, bool, bool]:
    tensor = torch.as_tensor(array)
    return tensor.is_floating_point(), tensor.dtype == torch.bool, tensor.numel() > 0


def _with(module: ModuleType, replaced: Mapping[str, Any]) -> dict[str, Any]:
    """What a module holds, as if these names in it were others: its functions see them, too."""
    names: dict[str, Any] = dict(vars(module))
    for name, value in vars(module).items():
        if isinstance(value, FunctionType) and value.__module__ == module.__name__:
            made = FunctionType(value.__code__, names, name, value.__defaults__, value.__closure__)
            made.__kwdefaults__ = value.__kwdefaults__
            names[name] = made
    names |= replaced
    return names


def alike(a: Gave, b: Gave) -> bool:
    """Whether two results are one but for rounding, or two exceptions are one to their numbers."""
    return same(a, b, 1.0 if a.error or b.error else ROUNDING)


def _is_value(gave: Gave | None) -> TypeGuard[Gave]:
    return gave is not None and not gave.error


def _differs(gave: Gave | None, usual: Gave) -> TypeGuard[Gave]:
    """Whether a result is another value, and by how much; what is none says nothing."""
    if not _is_value(gave):
        return False
    coarse = max((NEAR.get(leaf.dtype, 0.0) for leaf in evaluate.leaves(usual.value)), default=0.0)
    return not same(gave, usual, min(FAR, MOST_FAR / coarse) if coarse else FAR)


def _is_some(gradient: torch.Tensor | None) -> bool:
    return gradient is not None and bool((gradient.isfinite() & (gradient != 0)).any())


def _is_leaf(array: Any) -> bool:
    return isinstance(array, torch.Tensor) and array.is_floating_point()


def _ways_to_change(asked: Invocation) -> list[Way]:
    """For each array that is given, and each truth: the call in which that alone is another.

    By how much, each of them is told: where results are whole, a small change may not show.
    """
    given = [list(asked.args), dict(asked.kwargs)]
    count = len(list(evaluate.arrays(given)))
    ways: list[Way] = [functools.partial(_with_other_numbers, asked, n) for n in range(count)]
    for place, value in enumerate(asked.args):
        if isinstance(value, bool):
            turned = [*asked.args[:place], not value, *asked.args[place + 1 :]]
            ways.append(functools.partial(_always, replace(asked, args=turned)))
    for name, value in asked.kwargs.items():
        if isinstance(value, bool):
            kwargs = {**asked.kwargs, name: not value}
            ways.append(functools.partial(_always, replace(asked, kwargs=kwargs)))
    return ways


def _always(asked: Invocation, spread: float) -> Invocation:
    return asked


def _with_other_numbers(asked: Invocation, place: int, spread: float) -> Invocation:
    change = functools.partial(_changed_at, place, spread, itertools.count())
    args, kwargs = evaluate.each([list(asked.args), dict(asked.kwargs)], change)
    return replace(asked, args=args, kwargs=kwargs)


def _changed_at(place: int, spread: float, numbers: Iterator[int], array: Any) -> Any:
    """An array with other numbers if it stands in this place; ids and masks stay such."""
    if next(numbers) != place:
        return array
    tensor = torch.as_tensor(array)
    if tensor.is_floating_point():
        noise = torch.rand(tensor.shape, generator=torch.Generator().manual_seed(int(spread)))
        changed = tensor * (1 + spread * (noise - 0.5)).to(tensor.dtype)
    elif tensor.dtype == torch.bool:
        changed = ~tensor
    else:
        changed = tensor.flip(-1) if tensor.ndim else tensor
    return changed if isinstance(array, torch.Tensor) else changed.numpy()
