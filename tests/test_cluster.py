"""Grading on a Dask cluster: a real scheduler and real workers, killed under their work."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest
from conftest import ROOT, autograder
from machine import patience

from autograder.batch import cluster
from autograder.batch.cluster import Cluster, Order
from autograder.batch.run import Batch, Event
from autograder.batch.workers import Graders
from autograder.core.course import Course
from autograder.core.errors import GraderError
from autograder.grading.keys import course_basis
from autograder.grading.protocol import Options
from autograder.intake.reading import read
from autograder.reports import schema, store
from autograder.sandbox.pretend import REHEARSAL, can_pretend

Client = pytest.importorskip("distributed").Client
CLASS = ROOT / "course" / "sample_class"
OPTIONS = Options(speed=False)


class Dask:
    """A scheduler on this machine, and its workers."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self._stack = stack
        self._folder = folder
        self.address = f"tcp://127.0.0.1:{port}"
        options = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        self.scheduler = self._start("dask_scheduler", *options)

    def worker(self, *options: str, cwd: Path = ROOT) -> subprocess.Popen[bytes]:
        """Start a worker of one thread, as the recipe in docs/scale.md does."""
        arguments = [self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", *options]
        return self._start("dask_worker", *arguments, cwd=cwd)

    def wait(self, workers: int) -> None:
        """Until so many workers are there."""
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=patience(120))

    def _start(self, module: str, *arguments: str, cwd: Path = ROOT) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-P", "-m", f"distributed.cli.{module}", *arguments]
        environment = os.environ | {"DASK_TEMPORARY_DIRECTORY": str(self._folder)}
        log = self._stack.enter_context((self._folder / "dask.log").open("ab"))
        process = subprocess.Popen(command, cwd=cwd, stdout=log, stderr=log, env=environment)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[Dask]:
    with ExitStack() as stack:
        yield Dask(stack, tmp_path)


@pytest.fixture(scope="module")
def submissions(tmp_path_factory: pytest.TempPathFactory, course: Course) -> Path:
    """The sample class, but for a student whose program takes its time."""
    folder = tmp_path_factory.mktemp("class")
    for student in CLASS.iterdir():
        if student.is_dir() and student.name not in course.about.endless:
            shutil.copytree(student, folder / student.name)
    return folder


def batch(course: Course, submissions: Path, results: Path) -> Batch:
    return Batch(course, submissions, results, [course.unit("rnn")], OPTIONS)


def marks(results: Path) -> dict[str, tuple[str, float, list[tuple[str, str]]]]:
    """By student: the status, the score and what each test came to."""
    found = {}
    for path in results.glob("*/rnn.json"):
        report = store.read(path)
        assert report, f"{path} is not whole"
        tests = [(test.id, test.status) for test in report.tests]
        found[path.parent.name] = (report.status, report.score, tests)
    return found


def test_marks_are_the_same_when_two_of_four_workers_are_killed(
    dask: Dask, course: Course, submissions: Path, tmp_path: Path
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    quiet = batch(course, submissions, here)
    with Graders(course, OPTIONS, quiet.masks, jobs=2) as graders:
        quiet.run(graders, lambda event: None)
    undisturbed = marks(here)
    workers = [dask.worker() for _ in range(4)]
    spread = batch(course, submissions, there)
    told: list[Event] = []

    def tell(event: Event) -> None:
        told.append(event)
        if len(told) in (spread.count // 4, spread.count // 2):
            workers.pop().send_signal(signal.SIGKILL)

    with Cluster(dask.address, course, OPTIONS, spread.masks) as pool:
        dask.wait(4)
        spread.run(pool, tell)
    assert len(workers) == 2, "two were killed"
    assert len(told) == spread.count == len(undisturbed)
    assert marks(there) == undisturbed
    assert {event.report.seed for event in told} == {
        report.seed for path in here.glob("*/rnn.json") if (report := store.read(path))
    }


def test_the_command_grades_on_a_cluster_and_resumes_here(
    dask: Dask, submissions: Path, tmp_path: Path
) -> None:
    """A report from a worker has the same key as one from this machine."""
    few = tmp_path / "few"
    for student in ("李雷", "li_na"):
        shutil.copytree(submissions / student, few / student)
    dask.worker()
    command = ["grade", few, "--unit", "rnn", "--no-speed", "--results", tmp_path / "results"]
    done = autograder(*command, "--scheduler", dask.address, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    again = autograder(*command, cwd=ROOT)
    assert "2 of 2 reports were up to date" in again.stdout


def test_a_worker_outside_the_course_says_so(dask: Dask, submissions: Path, tmp_path: Path) -> None:
    dask.worker(cwd=tmp_path)
    command = ["grade", submissions, "--unit", "rnn", "--results", tmp_path / "results"]
    done = autograder(*command, "--no-speed", "--scheduler", dask.address, cwd=ROOT)
    assert done.returncode == 3
    assert "was not started inside a clone of the course" in " ".join(done.stderr.split())
    assert not list((tmp_path / "results").glob("*/*.json"))


def test_a_gpu_that_no_worker_offers_exits_2(dask: Dask, submissions: Path, tmp_path: Path) -> None:
    command = ["grade", submissions, "--results", tmp_path, "--device", "cuda"]
    done = autograder(*command, "--scheduler", dask.address, cwd=ROOT)
    assert done.returncode == 2
    assert "no worker of the cluster offers the resource GPU" in " ".join(done.stderr.split())


def test_a_worker_with_another_course_refuses(
    course: Course, submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its marks would be others, and nobody would know why."""
    unit = course.unit("rnn")
    mine = course_basis(unit, course)
    theirs = mine | {"tests": "other", "versions": "python 3.99.0"}
    handed_in = read(submissions, "li_na", course)
    order = Order(handed_in, "rnn", OPTIONS, [], "seed", theirs)
    monkeypatch.chdir(ROOT)
    with pytest.raises(GraderError) as caught:
        cluster.grade(msgspec.msgpack.encode(order))
    assert "what differs: tests, versions" in str(caught.value)
    assert "python 3.99.0 here" in str(caught.value)
    assert cluster.REMEDY in str(caught.value)


def test_no_scheduler_at_the_address(
    submissions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, course: Course
) -> None:
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 0.5)
    with pytest.raises(GraderError, match="No Dask scheduler answers at tcp"):
        Cluster("tcp://127.0.0.1:9", course, OPTIONS, [])


def test_a_scheduler_that_ends_ends_the_batch(
    course: Course, submissions: Path, tmp_path: Path
) -> None:
    """No worker is there, so nothing could ever come back."""
    with ExitStack() as stack:
        lone = Dask(stack, tmp_path)
        pool = stack.enter_context(Cluster(lone.address, course, OPTIONS, []))
        handed_in = read(submissions, "li_na", course)
        future = pool.submit(handed_in, course.unit("rnn"), "seed")
        time.sleep(0.5)
        lone.scheduler.kill()
        with pytest.raises(GraderError, match="scheduler is gone"):
            future.result(timeout=patience(120))


@pytest.mark.skipif(not can_pretend(), reason="torch is too old")
def test_only_units_with_gpu_points_wait_for_a_worker_with_a_gpu(
    dask: Dask, course: Course, submissions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker offers none; then one comes, with the pretend GPU in CUDA's place."""
    monkeypatch.setenv(REHEARSAL, "1")
    dask.worker()
    options = Options(cuda=True, speed=False)
    handed_in = read(submissions, "li_na", course)
    with (
        Cluster(dask.address, course, options, []) as pool,
        Client(dask.address, set_as_default=False) as client,
    ):
        waits = pool.submit(handed_in, course.unit("rnn"), "seed")
        runs = pool.submit(handed_in, course.unit("vanishing_gradient"), "seed")
        report = msgspec.json.decode(runs.result(timeout=patience(300)), type=schema.Report)
        assert (report.status, report.device) == ("advisory", "pretend cuda")
        assert not waits.done()
        restrictions = client.run_on_scheduler(
            lambda dask_scheduler: [
                (task.state, task.resource_restrictions) for task in dask_scheduler.tasks.values()
            ]
        )
        assert ("no-worker", {"GPU": 1}) in restrictions
        dask.worker("--resources", "GPU=1")
        report = msgspec.json.decode(waits.result(timeout=patience(300)), type=schema.Report)
    assert {test.status for test in report.tests if test.kind == "gpu"} == {"passed"}
    assert report.score == report.max_score == course.unit("rnn").max_score(options.kinds)


def test_the_strongest_isolation_is_not_guessed_for_other_machines(submissions: Path) -> None:
    command = ["grade", submissions, "--isolation", "best", "--scheduler", "tcp://127.0.0.1:9"]
    done = autograder(*command, cwd=ROOT)
    assert done.returncode == 2
    assert "name the level" in " ".join(done.stderr.split())
