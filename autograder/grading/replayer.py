"""The process that runs one hidden test again and tells the call, what came and what was expected.

python -m autograder.grading.replayer: trusted, like the tester. It reads a Replay from its input.
The student's program runs in the sandbox, as ever.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from autograder.core import units
from autograder.core.errors import IsolationError
from autograder.core.language import _, translations
from autograder.grading.outcomes import _identity
from autograder.grading.protocol import UnitOutcome, UnitTask
from autograder.grading.replay import Replay, place
from autograder.grading.tester import Server, session_of
from autograder.local import shown
from autograder.mistakes.diagnose import Recording
from autograder.reports.wording import help_for, reason
from autograder.sandbox import worker
from autograder.supervisor.warm_hosts import WarmHosts
from autograder.testing.calls import Failure

WRITTEN = _("`%(function)s` begins in %(file)s, line %(line)s.")
LAST = _("The test made %(count)s calls; this is the last one.")


class Telling(Recording):
    """Remembers every call of the test, and how it failed."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.every: list[Any] = []
        self.failure: Failure | None = None

    def _keep(self, call: Any) -> None:
        super()._keep(call)
        self.every.append(call)

    def end_test(self, name: str, failure: Failure | None, passed: bool) -> None:
        """See Recording."""
        self.failure = failure
        super().end_test(name, failure, passed)


class OneTest(Server):
    """The pytest plugin that runs one test of the session, in this very process."""

    def __init__(self, replay: Replay, connection: socket.socket) -> None:
        setup = replay.setup
        super().__init__(connection, setup, WarmHosts(setup.masks, setup.level))
        self._replay = replay
        self.said: list[str] = []
        self.told: Telling | None = None

    def recording(self, *given: Any) -> Recording:
        """See Server."""
        self.told = Telling(*given)
        return self.told

    def wants(self, item: pytest.Item, task: UnitTask) -> bool:
        """See Server."""
        return _identity(item)[0] == self._replay.test

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run it, in place of serving whoever asks."""
        try:
            for device in ("cpu", "cuda") if self._replay.task.cuda else ("cpu",):
                self._hosts(device)
            self.said = list(self._account(self._run(self._replay.task, session)))
        except IsolationError as error:
            sys.exit(str(error))
        finally:
            self._hosts.close()
        return True

    def _account(self, outcome: UnitOutcome) -> Iterator[str]:
        language = self._replay.language
        if problem := outcome.error or outcome.unmeasured:
            sys.exit(problem)
        (result,) = [test for test in outcome.tests if test.id == self._replay.test]
        status = translations(language).gettext(result.status)
        yield f"{self._replay.task.unit}: {result.id} ({result.exercise}, {result.kind}): {status}"
        if self.told and self.told.every:
            yield from self._last_call(self.told)
        if result.message:
            yield from ("", reason(result, language))
        if result.help:
            yield from ("", help_for(result, language))

    def _last_call(self, told: Telling) -> Iterator[str]:
        language, call = self._replay.language, told.every[-1]
        said = translations(language).gettext
        asked, count = call.asked, len(told.every)
        yield f"{asked.unit}.{asked.function}"
        if count > 1:
            yield said(LAST) % {"count": count}
        if at := place(self._replay.task.files, asked.unit, asked.function):
            yield said(WRITTEN) % {"function": asked.function, "file": at[0], "line": at[1]}
        solution = units.solution(Path(self._setup.root), asked.unit)
        yield from shown.arguments(getattr(solution, asked.function), asked, language)
        if told.failure and told.failure.compared:
            yield from shown.numbers(told.failure, language)
        elif not call.gave.error:
            yield from shown.result(call.gave.value, language)


def main() -> None:
    """Run what the input asks for."""
    replay = msgspec.json.decode(sys.stdin.buffer.read(), type=Replay)
    worker.warm()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        server = OneTest(replay, ours)
        status = session_of(replay.setup, server)
    sys.stdout.buffer.write("\n".join(server.said).encode("utf-8", "replace"))
    sys.exit(0 if server.said else status or 1)


if __name__ == "__main__":
    main()
