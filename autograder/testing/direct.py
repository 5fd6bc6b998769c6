"""Direct calls of a student's functions, for local runs."""

from __future__ import annotations

import copy
import importlib
import re
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from autograder.core.language import Sentence, say
from autograder.sandbox.pretend import PRETEND, can_pretend
from autograder.testing.calls import Failure, Invocation, no_function, says_unwritten, unwritten
from autograder.testing.devices import wrong_device

if TYPE_CHECKING:
    from autograder.sandbox.evaluate import CallResult
    from autograder.testing.accelerators import Accelerator
    from autograder.testing.inputs import Draw
    from autograder.testing.parallel import Counts, Scaling, TimedCase
    from autograder.testing.subjects import Met, Subject

CELL = re.compile(r"[^/\\]+\.(?:ipynb|py), code cell \d+")  # what tracebacks call a notebook's cell


class LocalBackend:
    """Direct calls of the functions in a folder, so that tracebacks and debuggers work."""

    of_files = True  # whether pytest alone, from a terminal, would call the same

    def __init__(self, folder: Path, accelerator: Accelerator | None = None) -> None:
        """accelerator: where the calls for its device are made; all others are made on the CPU."""
        self.folder = folder
        self._accelerator = accelerator
        self.unit, self.asked = "", ""  # the function called last
        self.invocation: Invocation | None = None  # that call
        self.found: Any = None  # the function itself, once it was found
        self.calls = 0
        self.last: tuple[Invocation, Any] | None = None  # the last call's value, if it gave one
        self._met: dict[Subject, Met] = {}

    def owns(self, file: str) -> bool:
        """Whether a file, as tracebacks name it, is a student's: a notebook's cell is, too."""
        path = Path(file)
        inside = path.parent == self.folder and not path.name.startswith("test_")
        return inside or CELL.fullmatch(file) is not None

    @property
    def answered(self) -> bool:
        """Whether the last call returned."""
        return self.last is not None

    def call(self, asked: Invocation) -> CallResult:
        """See Backend. `device` is the CPU, the accelerator that was asked for, or pretended."""
        __tracebackhide__ = True
        from autograder.sandbox import evaluate

        self.unit, self.asked = asked.unit, asked.function
        self.last, self.invocation = None, None
        self.calls += 1
        self.found = found = self.function(asked.unit, asked.function)
        self.invocation = asked
        # As when sent: the test keeps its own.
        args, kwargs = copy.deepcopy((asked.args, asked.kwargs))
        try:
            if asked.device == PRETEND and (pretended := self._pretended(found, asked)):
                outcome = pretended
            elif self._accelerator and asked.device not in ("cpu", PRETEND):
                outcome = self._accelerator.call(found, asked)
            else:
                outcome = evaluate.observed(found, args, kwargs, asked.cotangents)
        except NotImplementedError as error:
            message = not_implemented(asked.unit, asked.function, error, self.owns)
            if message is None:
                raise
            raise Failure(message, help_id="not_started") from None
        self.last = asked, outcome.value
        return outcome

    def _pretended(self, found: Any, asked: Invocation) -> CallResult | None:
        """A call on the pretend accelerator; None where something else went wrong than devices.

        That shows on the CPU, too; if it does not, the pretence is what failed.
        """
        __tracebackhide__ = True
        from autograder.sandbox import accelerator

        accelerator.register()
        try:
            call = found, asked.args, asked.kwargs, asked.cotangents
            outcome = accelerator.call(*call, self.owns)
        except Exception as error:
            if wrong := accelerator.misplaced(error, self.owns):
                raise wrong_device(wrong) from None
            return None
        outcome.value = accelerator.fetch(outcome.value)
        outcome.gradients = accelerator.fetch(outcome.gradients)
        return outcome

    def measure(self, asked: Invocation) -> CallResult:
        """See Backend. A local run has no process of its own to look at: the peak is None."""
        __tracebackhide__ = True
        return self.call(asked)

    def race(self, unit: str, function: str, device: str, event: TimedCase) -> dict[str, Any]:
        """See Backend. No clock is trusted here."""
        __tracebackhide__ = True
        args = event.fresh(event.scaling.few)
        event.check(self.call(Invocation(unit, function, args)).value, args)
        if advice := self.advise(unit, function, event.scaling, event.draw):
            raise Failure(advice, help_id="looped")
        return {}

    def meet(self, unit: str, subject: Subject, order: Sequence[int]) -> Met:
        """See Backend. Every test is run on every version once, the right ones first."""
        from autograder.testing import meeting

        if subject not in self._met:
            names = self.names(unit)
            self._met[subject] = meeting.meet(names, f"{unit}.py", subject)
        return self._met[subject]

    def names(self, unit: str) -> Mapping[str, Any]:
        """The names of a unit's module. Raises as `function`."""
        __tracebackhide__ = True
        return vars(self._module(unit))

    def advise(self, unit: str, function: str, scaling: Scaling, draw: Draw) -> Sentence | None:
        """Say if a function calls torch in a loop, from counts alone; None if it does not."""
        __tracebackhide__ = True
        from autograder.testing.parallel import looped

        found = self.function(unit, function)
        drawn = [scaling.fresh(draw, times * scaling.few) for times in (1, 2)]
        return looped(scaling, self._launches(found, drawn) or _asked(found, drawn))

    def _launches(self, found: Any, drawn: Sequence[list[Any]]) -> Counts | None:
        """How many operations a GPU would run; None for what cannot run there, as with NumPy.

        None beside a real accelerator, too: torch finds no gradient on it once another is known.
        """
        if not can_pretend() or (self._accelerator and not self._accelerator.is_cpu):
            return None
        from autograder.sandbox import accelerator
        from autograder.testing.parallel import Counts

        accelerator.register()
        try:
            calls = [accelerator.call(found, args, {}, None, self.owns) for args in drawn]
        except Exception:
            return None
        once, twice = (call.operations or 0 for call in calls)
        return Counts(once, twice, launched=True)

    def function(self, unit: str, name: str) -> Any:
        """A function of a unit. Raises Failure, or what importing the unit raises."""
        __tracebackhide__ = True
        return find_function(self._module(unit), unit, name)

    def _module(self, unit: str) -> ModuleType:
        __tracebackhide__ = True
        folder = str(self.folder)
        if sys.path[:1] != [folder]:
            sys.path.insert(0, folder)
        try:
            return importlib.import_module(unit)
        except ModuleNotFoundError as error:
            if error.name == unit:
                told = say("There is no %(file)s in %(folder)s.", file=f"{unit}.py", folder=folder)
                raise Failure(told, help_id="not_loaded") from None
            raise
        except SyntaxError as error:
            raise Failure(syntax_error(error), help_id="syntax_error") from None


def _asked(found: Any, drawn: Sequence[list[Any]]) -> Counts:
    """How many operations torch is asked for."""
    from autograder.sandbox import evaluate
    from autograder.testing.parallel import Counts

    once, twice = (evaluate.counted(found, args, {}).operations or 0 for args in drawn)
    return Counts(once, twice)


def find_function(module: object, unit: str, name: str) -> Any:
    """Return the module's function, or raise Failure: it is missing, or cannot be called."""
    __tracebackhide__ = True
    found = getattr(module, name, None)
    if callable(found):
        return found
    raise no_function(file_of(unit, module), name, None if found is None else type(found).__name__)


def file_of(unit: str, module: object) -> str:
    """The name of the file that a unit was read from."""
    origin = getattr(getattr(module, "__spec__", None), "origin", None)
    return Path(origin).name if origin else f"{unit}.py"


def not_implemented(
    unit: str, function: str, error: NotImplementedError, owns: Callable[[str], bool]
) -> Sentence | None:
    """Say which function is not written yet; it may be one that the called one builds on.

    None where the student's own line says no such thing, and torch does.
    """
    every = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in every if owns(frame.filename)] or every
    if not says_unwritten(frames[-1].line or "" if frames else ""):
        return None
    inner = frames[-1].name if frames else function
    if inner == function or not inner.isidentifier():
        return unwritten(function, "", file_of(unit, sys.modules.get(unit)))
    return unwritten(function, inner, Path(frames[-1].filename).name.partition(",")[0])


def syntax_error(error: SyntaxError) -> Sentence:
    """Say where Python could not read a file, and show the line."""
    where = {"file": Path(error.filename or "").name, "line": error.lineno, "error": error.msg}
    if not error.text:
        return say("Python cannot read %(file)s, line %(line)s: %(error)s.", **where)
    code = f"    {error.text.strip()}\n"
    code += " " * (4 + max((error.offset or 1) - 1 - _indent(error.text), 0)) + "^"
    return say(
        "Python cannot read %(file)s, line %(line)s: %(error)s.\n%(code)s", **where, code=code
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
