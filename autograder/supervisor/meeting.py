"""A student's tests meet versions of a function, each side in a sandboxed process of its own.

This side passes on what is asked and what is answered, and reads no number of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from autograder.core.course import WALL_TIMES, Limits
from autograder.core.language import _, say
from autograder.sandbox import trying, wire
from autograder.supervisor.backend import Hosts, SandboxBackend, prepare
from autograder.supervisor.child import Answer, nonce
from autograder.supervisor.reasons import used_up
from autograder.testing.calls import Failure, Invocation, as_written
from autograder.testing.subjects import MOST_CALLS, TOO_MANY, Met, Subject, right_fails, tests_of

CALL_MIB = 16  # of all arrays of a call, and of what it gave
TEST_SECONDS = 2.0  # of CPU time: for one test, and for one call that it makes
TESTS, VERSION = "tests", "version"  # the processes' places; the second is the module there, too
OTHERWISE = _("It was called in a way that its signature does not have.")
NOT_TOLD = _("%(file)s does not tell which tests it has.")
RAISED = "the function under test raised %s"  # a kind is all that is passed on of an exception


class MeetingBackend(SandboxBackend):
    """A backend whose tests may be the student's own (see calls.Backend)."""

    _used = 0.0  # CPU seconds of the meetings that have ended; those that were waited count a part

    def meet(self, unit: str, subject: Subject, order: Sequence[int]) -> Met:
        """See calls.Backend. Each version meets the tests in a fresh process of theirs, and again.

        It does so once where that decides: a wrong one passed them all, or a right one failed.
        """
        others: tuple[str, ...] = ()
        versions = [("", version) for version in subject.right]
        versions += [(name, wrong.version) for name, wrong in subject.wrong.items()]
        caught = set()
        try:
            tests, others = tests_of(subject, self._listed(unit), self._file(unit))
            with self._version(subject) as held:
                for name, version in (versions[number] for number in order):
                    assert isinstance(version, str), "what is sent to a process is a text"
                    held.text = version
                    if name and self._fails_twice(unit, subject, held, tests):
                        caught.add(name)
                    elif not name:
                        self._check_right(unit, subject, held, tests, others)
        except Failure as failure:
            return Met(problem=failure, others=others)
        return Met(frozenset(caught), others=others)

    def _fails_twice(
        self, unit: str, subject: Subject, held: _Version, tests: Sequence[str]
    ) -> bool:
        """Whether the same test fails on a version in two processes.

        Most often it is the first that fails, so it comes first in the second process; where that
        was chance, another has to.
        """
        first = self._failed(unit, subject, held, tests, tests)
        again = {}
        if first:
            others = [test for test in tests if test not in first]
            again = self._failed(unit, subject, held, [*first, *others], first)
        if again and not first.keys() & again.keys():
            first = self._failed(unit, subject, held, tests, again)
        return bool(first.keys() & again.keys())

    def _check_right(
        self,
        unit: str,
        subject: Subject,
        held: _Version,
        tests: Sequence[str],
        others: Sequence[str],
    ) -> None:
        """Raise Failure where a test fails on a right version, in one of two processes."""
        for _time in range(2):
            for test, (why, call) in self._failed(unit, subject, held, tests, tests).items():
                raise right_fails(subject, test, why, call, others)

    def _listed(self, unit: str) -> dict[str, list[str]]:
        """The student's functions test_…, and their parameters, by the word of their process."""
        with contextlib.closing(self._tests_of(unit)) as tests:
            found = tests.call(Invocation(trying.__name__, trying.listed.__name__, [unit])).value
        try:
            return msgspec.convert(found, dict[str, list[str]])
        except msgspec.ValidationError:
            raise Failure(say(NOT_TOLD, file=self._file(unit))) from None

    def _failed(
        self,
        unit: str,
        subject: Subject,
        held: _Version,
        tests: Sequence[str],
        enough: Collection[str],
    ) -> dict[str, tuple[Failure, str]]:
        """Run the tests on a version in a fresh process: which fail, why, and after which call.

        enough: tests; where one of them has failed, the others are not run.
        """
        failed: dict[str, tuple[Failure, str]] = {}
        held.calls = 0
        with contextlib.closing(self._tests_of(unit, held.used)) as process:
            for test in tests:
                held.last = None
                try:
                    process.run(test, subject, held.answer)
                except Failure as failure:
                    failed[test] = failure, held.last_call
                    if test in enough:
                        break
            self._used += max(process.used, process.waited / WALL_TIMES)
        return failed

    def _tests_of(self, unit: str, used: float = 0.0) -> _Tests:
        """A fresh process of the tests. used: CPU seconds of a meeting that goes on."""
        left = self._limits.unit_seconds - self._used - used
        if left < TEST_SECONDS:
            raise used_up("cpu", self._limits.unit_seconds)
        limits = msgspec.structs.replace(_limits(self._limits), unit_seconds=left)
        place = f"{self._place} {TESTS}"
        return _Tests(self._hosts, unit, self._sources, limits, place, tests=True)

    @contextlib.contextmanager
    def _version(self, subject: Subject) -> Iterator[_Version]:
        """The process of a function's versions; in the end what it took is counted."""
        held = _Version(self._hosts, subject, _limits(self._limits), f"{self._place} {VERSION}")
        try:
            yield held
        finally:
            self._used += held.used
            held.close()


def _limits(limits: Limits) -> Limits:
    return msgspec.structs.replace(limits, call_seconds=TEST_SECONDS, reply_mib=CALL_MIB)


class _Apart(SandboxBackend):
    """A process of its own for one meeting."""

    @property
    def used(self) -> float:
        """The CPU-seconds that it took."""
        return sum(self._spent.values()) + sum(self._clocks("").values())

    @property
    def waited(self) -> float:
        """The seconds on the wall that it was waited for."""
        return self._waited


class _Tests(_Apart):
    """The process of the student's tests."""

    def run(self, test: str, subject: Subject, answer: Answer) -> None:
        """Run a test. Raises Failure for whatever it raises, and for what ends it."""
        given = [self._unit, test, subject.name, subject.signature]
        asked = Invocation(trying.__name__, trying.run.__name__, given)
        message, payload = prepare(asked, "plain")
        child = self._child("cpu")
        reply, _body = self._exchange(child, "cpu", message, payload, f"`{test}`", answer)
        if not isinstance(reply, wire.Result):
            raise self._explained(reply, self._unit, test)


class _Version(_Apart):
    """The process of the versions of a function, one at a time. It runs nothing of a student's.

    text: of the version. calls: how many were made. last: what the last of them was given.
    """

    def __init__(self, hosts: Hosts, subject: Subject, limits: Limits, place: str) -> None:
        source = wire.Source(VERSION, f"{VERSION}.py", [""], False, [])
        super().__init__(hosts, VERSION, [source], limits, place)
        self._name = subject.name
        parameters = trying.parameters(subject.signature)
        self._optional = {name for name, optional in parameters.items() if optional}
        self._required = len(parameters) - len(self._optional)
        self.text = ""
        self.calls = 0
        self.last: tuple[wire.Items, wire.Fields] | None = None

    @property
    def last_call(self) -> str:
        """The last call, in short, if there was one."""
        if not self.last:
            return ""
        given, named = self.last
        return as_written(Invocation("", self._name, _plain(given), _plain(named)))

    def answer(self, asked: wire.Asked, body: bytearray) -> Sequence[bytes]:
        """Make a call, and return what it gave as a frame. Raises Failure where it may not be made.

        The stand-in asks in one way only; the process that it is in could ask in any.
        """
        given, named = self.last = asked.args, asked.kwargs
        self.calls += 1
        if self.calls > MOST_CALLS:
            raise Failure(say(TOO_MANY, most=MOST_CALLS))
        if len(given.items) != self._required or not named.fields.keys() <= self._optional:
            raise Failure(say(OTHERWISE))
        args = wire.Items([self.text, self._name, *given.items])
        function = trying.called.__name__
        call = wire.Call(nonce(), trying.__name__, function, args, named, mode="plain")
        child, what = self._child("cpu"), f"`{self._name}`"
        reply, gave = self._exchange(child, "cpu", call, [bytes(body)], what)
        if isinstance(reply, wire.Raised):
            told = RAISED % reply.error
            return wire.pack(wire.Raised(0, "call", reply.error, told, kinds=reply.kinds))
        assert isinstance(reply, wire.Result), "a version of ours has the function"
        return wire.pack(reply, [bytes(gave)])


def _plain(node: Any) -> Any:
    """What was sent, with lists and dicts of their own kind; of an array what is known of it."""
    if isinstance(node, wire.Items):
        return [_plain(item) for item in node.items]
    if isinstance(node, wire.Fields):
        return {name: _plain(item) for name, item in node.fields.items()}
    return node.name if isinstance(node, wire.Device | wire.Other) else node
