"""Record what the known mistakes return in the public tests: see local/known_mistakes.py.

python -m autograder.mistakes.publish             write course/known_mistakes.json
python -m autograder.mistakes.publish --unit rnn  only what it holds of one unit, or of several
python -m autograder.mistakes.publish --check     only say whether it is out of date, by exit status
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import msgspec
import pytest
import typer

from autograder.core.console import CourseOption, program
from autograder.core.course import Course, Unit, load
from autograder.core.errors import CourseError
from autograder.core.language import Language
from autograder.local import public_tests
from autograder.local.known_mistakes import mark, near
from autograder.local.recorded import FILE, RecordedMistake, RecordedMistakes, Seen
from autograder.mistakes import catalogue
from autograder.mistakes.entry import Mistake
from autograder.testing.calls import Failure
from autograder.testing.direct import LocalBackend
from autograder.testing.plugin import BACKEND, exercise_of


class Mistaken(LocalBackend):
    """The reference with one known mistake in it."""

    def __init__(self, solutions: Path, unit: str, mistake: Mistake) -> None:
        super().__init__(solutions)
        self._unit = unit
        self._mistake = mistake

    def function(self, unit: str, name: str) -> Any:
        """See LocalBackend; the mistake, where it is asked for."""
        if (unit, name) == (self._unit, self._mistake.function):
            return self._mistake.variant
        return super().function(unit, name)


class MistakeRecorder:
    """The pytest plugin that runs each exercise's tests once for each known mistake in it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._backend: LocalBackend
        self._seen: dict[str, Seen] = {}
        self.mistakes: RecordedMistakes = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of running the tests once."""
        exercises = {item: exercise_of(item) for item in session.items}
        for unit in dict.fromkeys(where[0] for where in exercises.values() if where):
            self.mistakes[unit] = []
            for mistake in catalogue.known(self._root, unit):
                items = [i for i, where in exercises.items() if where == (unit, mistake.function)]
                self._seen = {}
                for item in items:
                    self._backend = Mistaken(self._root / "solutions", unit, mistake)
                    session.config.stash[BACKEND] = self._backend
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                texts: dict[Language, str] = {"en": mistake.help["en"], "zh": mistake.help["zh"]}
                found = RecordedMistake(mistake.function, mistake.id, texts, self._seen)
                if self._seen:
                    self.mistakes[unit].append(found)
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> pytest.TestReport:
        """Keep the output that a test failed for."""
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, Failure) and error.unexplained and self._backend.last:
            self._seen[item.name] = Seen(self._backend.calls, mark(self._backend.last[1]))
        when = cast(Literal["setup", "call", "teardown"], call.when)
        return pytest.TestReport(item.nodeid, item.location, {}, "passed", None, when)


def record(course: Course, units: Sequence[Unit]) -> RecordedMistakes:
    """What each unit's known mistakes return in the public tests that they fail. Takes seconds."""
    recorder = MistakeRecorder(course.root)
    done = public_tests.run(course, units, plugins=[recorder])
    if done.status != 0:
        raise CourseError(f"The public tests do not run:\n{done.output}")
    return recorder.mistakes


def recorded(course: Course) -> RecordedMistakes:
    """What course/known_mistakes.json holds; nothing where there is none."""
    path = course.root / FILE
    return msgspec.json.decode(path.read_bytes(), type=RecordedMistakes) if path.is_file() else {}


def same(a: RecordedMistakes, b: RecordedMistakes) -> bool:
    """Whether two records say the same, but for the rounding of another machine."""
    return _texts(a) == _texts(b) and all(
        x.call == y.call and near(x.mark, y.mark) for x, y in zip(_all(a), _all(b), strict=True)
    )


def _all(mistakes: RecordedMistakes) -> list[Seen]:
    return [seen for unit in mistakes.values() for known in unit for seen in known.seen.values()]


def _texts(mistakes: RecordedMistakes) -> list[Any]:
    return [
        (unit, known.function, known.id, known.help, list(known.seen))
        for unit, every in mistakes.items()
        for known in every
    ]


def main(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 for a drift.")
    ] = False,
    unit: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="This unit only; the others stay. May be repeated."),
    ] = None,
    course: CourseOption = None,
) -> None:
    """Record what the known mistakes return in the public tests."""
    loaded = load(course)
    old = recorded(loaded)
    made = record(loaded, loaded.named(unit or []))
    mistakes = old | made if unit else made
    path = loaded.root / FILE
    if same(old, mistakes):
        return
    if check:
        print(f"{FILE.as_posix()} is out of date. Run: python -m autograder.mistakes.publish")
        raise typer.Exit(1)
    path.write_bytes(_encode(mistakes))
    print(f"{FILE.as_posix()} is written.")


def _encode(mistakes: RecordedMistakes) -> bytes:
    """As JSON, a mistake a line."""
    units = []
    for unit, every in mistakes.items():
        lines = ",\n".join(msgspec.json.encode(mistake).decode() for mistake in every)
        units.append(f'"{unit}": [\n{lines}\n]')
    return ("{\n" + ",\n".join(units) + "\n}\n").encode()


app = program(main)
if __name__ == "__main__":
    app()
