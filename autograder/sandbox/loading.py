"""Runs a submission's files, goes on where a statement fails, and keeps what was lost by it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple

from autograder.sandbox.alarm import Alarm, Stopped
from autograder.sandbox.cells import STAR, Statement, program, remember, statements
from autograder.sandbox.wire import MAX_STOPPED, POSITION, Frame, Lost, Position, Source, clean

WHOLE = 0  # in place of a statement's number, where a file is run whole


class _Loss(NamedTuple):
    """A statement that failed in a module of these names. needed: the name that it missed itself.

    line: in its cell, if not its first. error: its kind; empty where the statement was stopped, by
    itself or in a load before.
    """

    statement: Statement
    names: dict[str, Any]
    line: int = 0
    error: str = ""
    message: str = ""
    needed: str = ""


class Loading:
    """The files of one submission while they are loaded.

    skip: the statements, and files run whole, that a load before this one was stopped at.
    statement, load: CPU seconds that one, and all of them together, may take. tell: takes the
    position of what begins, as text, for whoever watches from outside.
    """

    def __init__(
        self,
        skip: Collection[Position],
        statement: float,
        load: float,
        tell: Callable[[str], object],
    ) -> None:
        self._skip = frozenset(skip)
        self._tell = tell
        self._seconds = statement, load
        self._at: Position | None = None
        self._losses: list[_Loss] = []
        self._stopped: list[Position] = []

    @functools.cached_property
    def _alarm(self) -> Alarm:
        return Alarm(*self._seconds)

    @property
    def stopped(self) -> list[Position]:
        """What was stopped in this load, for the next one to skip."""
        return self._stopped[:MAX_STOPPED]

    def run_file(self, source: Source, number: int, module: ModuleType) -> None:
        """Run a unit's file whole; where that fails, afresh and one statement after the other.

        Raises what Python raised, where no function that is wanted comes of either.
        """
        names, position = module.__dict__, (number, WHOLE)
        fresh, failure = dict(names), None
        if position not in self._skip:
            failure = self._run_whole(source, position, names)
            if failure is None and not _spoilt(source, names):
                return
            names.clear()
            names.update(fresh)
        self.run_statements(source, number, names)
        if failure and not isinstance(failure, Stopped) and not _functions(source, names):
            raise failure

    def run_statements(self, source: Source, number: int, names: dict[str, Any]) -> None:
        """Run one statement after the other, whatever comes of it.

        A name that is wanted, and in the end is bound to nothing that can be called, means the last
        function that bore it.
        """
        last: dict[str, Any] = {}
        for statement in statements(source, number):
            self._attempt(statement, names)
            last |= _functions(source, names)
        names.update({name: last[name] for name in last.keys() - _functions(source, names).keys()})

    def lost(self, name: str | None, names: dict[str, Any]) -> Lost | None:
        """The first thing that went wrong of what left a module's name without its value."""
        losses = [loss for loss in self._losses if loss.names is names]
        first = None
        while name and (loss := _leaving(name, losses) or _leaving(STAR, losses)):
            first = _told(name, loss)
            name, losses = loss.needed, losses[: losses.index(loss)]
        return first

    def _run_whole(
        self, source: Source, position: Position, names: dict[str, Any]
    ) -> BaseException | None:
        """What a file raises that is run as Python does it. Raises SyntaxError at once."""
        [text] = source.cells
        remember(source.file, text)
        code = compile(program(source), source.file, "exec", dont_inherit=True)
        with self._being_at(position):
            try:
                self._alarm.run_again(code, names)
            except BaseException as error:
                self._note(error, position)
                return error
        return None

    def _attempt(self, statement: Statement, names: dict[str, Any]) -> None:
        if statement.position in self._skip:
            self._losses.append(_Loss(statement, names))
            return
        with self._being_at(statement.position):
            try:
                self._alarm.run(statement.compiled(), names)
            except BaseException as error:
                self._note(error, statement.position)
                self._losses.append(_loss(statement, names, error))

    def _note(self, error: BaseException, position: Position) -> None:
        if isinstance(error, Stopped):
            self._stopped.append(position)

    @contextlib.contextmanager
    def _being_at(self, position: Position) -> Iterator[None]:
        """Tell whoever watches from outside where it is.

        It is all that is left to be read of a process that had to be ended.
        """
        outer, self._at = self._at, position
        self._tell(POSITION.format(*position))
        try:
            yield
        finally:
            self._at = outer
            self._tell(POSITION.format(*outer) if outer else "")


def _functions(source: Source, names: dict[str, Any]) -> dict[str, Any]:
    """Of the functions that are wanted those that are there."""
    return {name: names[name] for name in source.wanted if callable(names.get(name))}


def _spoilt(source: Source, names: dict[str, Any]) -> bool:
    """Whether a name that is wanted is bound to something that cannot be called."""
    return any(name in names and not callable(names[name]) for name in source.wanted)


def _leaving(name: str, losses: Sequence[_Loss]) -> _Loss | None:
    """The last of what left a name without a value."""
    return next((loss for loss in reversed(losses) if loss.statement.binds(name)), None)


def _loss(statement: Statement, names: dict[str, Any], error: BaseException) -> _Loss:
    if isinstance(error, Stopped):
        return _Loss(statement, names)
    try:  # an exception is a thing that a student wrote
        kind, message, line = clean(type(error).__name__, 200), clean(error), 0
        if isinstance(error, SyntaxError):
            message, line = clean(error.msg), int(error.lineno or 0)
        needed = error.name if type(error) is NameError else None
        return _Loss(statement, names, line, kind, message, needed or "")
    except BaseException:
        return _Loss(statement, names, error="Exception")


def _told(name: str, loss: _Loss) -> Lost:
    statement = loss.statement
    line = loss.line or statement.line
    code = "".join(statement.text.splitlines()[line - 1 : line]).strip()
    frame = Frame(clean(statement.place, 200), line, "", clean(code, 200))
    return Lost(clean(name, 200), frame, loss.error, loss.message)
