"""The pytest plugin that public and hidden tests are written with: marks and fixtures.

@pytest.mark.exercise("softmax", kind="gradient")
def test_softmax_gradient(student, draw): ...
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from autograder.sandbox.pretend import PRETEND, can_pretend
from autograder.testing.calls import Backend
from autograder.testing.direct import LocalBackend
from autograder.testing.student import Student

if TYPE_CHECKING:
    from autograder.testing.accelerators import Accelerator
    from autograder.testing.inputs import Draw


BACKEND = pytest.StashKey[Backend]()
ACCELERATOR: pytest.StashKey[Accelerator] = pytest.StashKey()
SEED = pytest.StashKey[str]()
Where = tuple[str, str]  # a unit and an exercise of it


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --submission: whose files the tests call."""
    parser.addoption(
        "--submission",
        metavar="DIR",
        default=None,
        help="test the files in DIR; by default those beside the test file",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark."""
    config.addinivalue_line(
        "markers",
        "exercise(name, kind='correctness', cpu_only=False): the exercise that a test belongs to, "
        "whether it looks at values ('correctness'), at gradients ('gradient'), at what a GPU "
        "demands ('device') or at time ('speed'), and whether it can see that on the CPU alone",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Have the tests of devices on the pretend accelerator, which is there on any machine."""
    if kind_of(metafunc.definition) == "device":
        metafunc.parametrize("device", [PRETEND], ids=["device"])


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """Where the student's function runs; grading runs the same test on other devices too."""
    mark = request.node.get_closest_marker("exercise")
    chosen = request.config.stash.get(ACCELERATOR, None)
    return chosen.name if chosen and not (mark and mark.kwargs.get("cpu_only")) else "cpu"


@pytest.fixture
def student(request: pytest.FixtureRequest, device: str) -> Iterator[Student]:
    """The student's units: `student.attention.softmax(x)`."""
    backend = request.config.stash.get(BACKEND, None)
    chosen = request.config.stash.get(ACCELERATOR, None)
    if backend is None:
        folder = request.config.getoption("--submission") or request.path.parent
        backend = LocalBackend(Path(folder).resolve(), chosen)
    if kind_of(request.node) == "device" and not can_pretend():
        pytest.skip("PyTorch 2.10 or newer is needed to pretend a GPU.")
    with contextlib.ExitStack() as allowed:
        if device not in ("cpu", PRETEND):
            from autograder.testing.compare import accelerated  # with torch

            allowed.enter_context(accelerated(chosen.float64 if chosen else True))
        yield Student(backend, device)


@pytest.fixture
def draw(request: pytest.FixtureRequest) -> Draw:
    """Random inputs, seeded by the course's secret, the submission and the test."""
    return inputs_of(request.node)


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str, object], None]:
    """Keep the numbers of a picture: `figure("gradient_norms", norms)`."""
    from autograder.testing.pictures import keeper

    return keeper(request.node)


def inputs_of(item: pytest.Item) -> Draw:
    """What the fixture `draw` is for a test."""
    from autograder.testing.inputs import Draw

    seed = item.config.stash.get(SEED, "public")
    return Draw(seed, getattr(item, "originalname", None) or item.name)


def exercise_of(item: pytest.Item) -> Where | None:
    """The unit and the exercise that a test belongs to."""
    mark = item.get_closest_marker("exercise")
    return (item.path.stem.removeprefix("test_"), mark.args[0]) if mark else None


def kind_of(item: pytest.Item) -> str | None:
    """What a test looks at, as its mark says; None where it belongs to no exercise."""
    mark = item.get_closest_marker("exercise")
    return kind_in(mark) if mark else None


def kind_in(mark: pytest.Mark) -> str:
    """What the mark `exercise` says that its test looks at."""
    kind: str = mark.kwargs.get("kind", "correctness")
    return kind
