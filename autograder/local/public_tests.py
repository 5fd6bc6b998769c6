"""The public tests of some units, run in this process: by `check`, `watch`, `ci` and our own."""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import pytest
import torch
from rich.console import Console

from autograder.core.course import Course, Unit
from autograder.core.language import Language, translations
from autograder.local.own_process import Begins
from autograder.local.tally import TALLY, Tally, all_pass, show

QUIET = "-q --no-header --no-summary --tb=no --import-mode=importlib -p no:cacheprovider".split()
# Of pytest's plugins ours alone, however many are installed: some take as long as torch.
ALONE = "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
QUIET += ["-p", "autograder.plugin"]
QUIET.append("--continue-on-collection-errors")  # a damaged file costs its own tests only
# Each of these collects garbage at the end, which costs 0.2 s in a process that holds torch.
QUIET += "-p no:unraisableexception -p no:threadexception -p no:logging -p no:faulthandler".split()


class PublicRun(NamedTuple):
    """What came of the tests. status: pytest's exit status. output: what pytest printed."""

    status: int
    tally: Tally
    output: str

    def verdict(self, units: Sequence[Unit]) -> int:
        """Pytest's exit status; 1 in place of 0 where a test of these units did not run."""
        return self.status or int(not all_pass(units, self.tally))

    def show(self, units: Sequence[Unit], console: Console, language: Language) -> None:
        """Print it; where no test has run, or pytest itself failed, what pytest says of that."""
        counted = self.tally.listed or self.tally.damaged
        if not counted or self.status == pytest.ExitCode.INTERNAL_ERROR:
            console.print(self.output, markup=False)
        if counted:
            show(self.tally, units, console, language)


class _Ears:
    """The pytest plugin that hears which test begins, and in the end what was counted."""

    def __init__(self, begins: Begins) -> None:
        self._begins = begins
        self.tally = Tally()

    def pytest_runtest_logstart(self, location: tuple[str, int | None, str]) -> None:
        self._begins(location[2])

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self.tally = session.config.stash[TALLY]


def run(
    course: Course,
    units: Sequence[Unit],
    language: Language = "en",
    begins: Begins = lambda test: None,
    options: Sequence[str] = (),
    plugins: Sequence[object] = (),
) -> PublicRun:
    """Run the tests, and print nothing.

    begins: called with the name of each test before it runs. options, plugins: pytest's.
    """
    torch.set_num_threads(1)  # the tests are small: threads would only wait for one another
    folder, ears = course.root / "exercises", _Ears(begins)
    tests = [str(folder / f"test_{unit.name}.py") for unit in units]
    arguments = [*QUIET, f"--rootdir={folder}", f"--lang={language}", *options, *tests]
    with contextlib.redirect_stdout(io.StringIO()) as output, _no_other_plugins():
        status = pytest.main(arguments, [ears, *plugins])
    return PublicRun(int(status), ears.tally, output.getvalue())


def warm_up(language: Language) -> None:
    """Import what a run needs, and what torch and pytest import when they are first used."""
    from autograder.sandbox import evaluate
    from autograder.testing import parallel  # noqa: F401

    translations(language)
    one = torch.ones(1)
    evaluate.vjp(torch.square, [one], {}, [one])
    # What a program needs that asks torch for a gradient with `grad_outputs`.
    importlib.import_module("torch.fx.experimental.symbolic_shapes")
    torch.optim.Adam([one])  # the first optimizer imports torch's compiler: 0.8 CPU-seconds
    quiet = contextlib.redirect_stdout(io.StringIO())
    with tempfile.TemporaryDirectory() as empty, quiet, _no_other_plugins():
        pytest.main([*QUIET, f"--rootdir={empty}", empty])
    gc.freeze()


@contextlib.contextmanager
def _no_other_plugins() -> Iterator[None]:
    before = os.environ.get(ALONE)
    os.environ[ALONE] = "1"
    try:
        yield
    finally:
        del os.environ[ALONE]
        if before is not None:
            os.environ[ALONE] = before
