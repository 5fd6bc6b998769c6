"""Grading where the kernel refuses namespaces, as many containers and hosted notebooks do.

They are really taken away: the command runs under a system-call filter like a container's.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from autograder.core import course as courses
from autograder.reports import store
from autograder.sandbox.wire import Source
from autograder.supervisor.backend import SandboxBackend
from autograder.supervisor.child import ProcessLimits
from autograder.supervisor.warm_host import WarmHost
from autograder.testing.calls import Failure, Invocation

WITHOUT = """
import errno, os, sys
import pyseccomp as seccomp
refuse = seccomp.SyscallFilter(seccomp.ALLOW)
for name in sys.argv[1].split(","):
    if name == "clone":
        for flag in (0x00020000, 0x10000000, 0x20000000, 0x40000000):
            masked = seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag)
            refuse.add_rule(seccomp.ERRNO(errno.EPERM), "clone", masked)
    else:
        refuse.add_rule(seccomp.ERRNO(errno.EPERM), name)
refuse.load()
os.execv(sys.argv[2], sys.argv[2:])
"""
NAMESPACES = "unshare,setns,mount,clone"
LANDLOCK = "landlock_create_ruleset"

# What a program may try on the machine around it: each returns "stopped", or says what it did.
PROBES = """
import os, signal, socket, subprocess, threading

def attempt(action):
    try:
        return str(action())
    except BaseException as error:
        return "stopped" if isinstance(error, (OSError, PermissionError)) else repr(error)

def read(path): return open(path).read(10)
def write(path): return open(path, "w").write("here")
def fork(): return os.fork() or os._exit(0)
def spawn(): return subprocess.run(["/bin/true"])
def connect(): return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
def kill(): return os.kill(os.getppid(), signal.SIGTERM)
def niceness(): return os.setpriority(os.PRIO_PROCESS, os.getppid(), 5)
def memory(): return open(f"/proc/{os.getppid()}/mem", "rb").read(1)
def environ(): return open(f"/proc/{os.getppid()}/environ", "rb").read(1)
def scratch():
    import tempfile
    return len(tempfile.mkdtemp()) > 0
"""


def run(without: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "autograder"
    command = [sys.executable, "-c", WITHOUT, without, program, *arguments]
    return subprocess.run(
        list(map(str, command)), cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    folder = tmp_path / "submissions"
    (folder / "ann").mkdir(parents=True)
    shutil.copy(ROOT / "solutions" / "rnn.py", folder / "ann")
    for name in ("mallory", "eve_s"):
        shutil.copytree(ROOT / "course" / "sample_class" / name, folder / name)
    return folder


def test_full_isolation_stops_with_the_remedy(submissions: Path, tmp_path: Path) -> None:
    done = run(NAMESPACES, "grade", submissions, "--unit", "rnn", "--results", tmp_path / "r")
    assert done.returncode == 3
    assert "The sandbox could not start" in done.stderr
    assert "seccomp=unconfined" in done.stderr
    assert not list((tmp_path / "r").rglob("*.json"))


@pytest.mark.parametrize("unit", ["attention", pytest.param("rnn", marks=pytest.mark.long)])
def test_best_takes_what_is_left_and_says_so(unit: str, submissions: Path, tmp_path: Path) -> None:
    """Of two who search files for answers; in `rnn`, whose search takes long, all objects too."""
    shutil.copy(ROOT / "solutions" / "attention.py", submissions / "ann")
    results = tmp_path / "r"
    arguments = ["grade", submissions, "--unit", unit, "--no-speed", "--results", results]
    done = run(NAMESPACES, *arguments, "--isolation", "best", "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert "Isolation: reduced. These marks are advisory." in done.stdout
    assert "Isolation full does not work here: The sandbox could not start: bwrap" in done.stderr
    for student, deserved in (("ann", 1.0), ("mallory", 0.0), ("eve_s", 0.0)):
        report = store.read(store.path_for(results, student, unit))
        assert report is not None
        assert (report.status, report.isolation) == ("advisory", "reduced")
        assert report.score == deserved * report.max_score


def test_best_without_landlock_is_none(submissions: Path, tmp_path: Path) -> None:
    for name in ("mallory", "eve_s"):
        shutil.rmtree(submissions / name)  # "none" is for one's own programs
    arguments = ["grade", submissions, "--unit", "rnn", "--results", tmp_path / "r"]
    done = run(f"{NAMESPACES},{LANDLOCK}", *arguments, "--isolation", "best")
    assert done.returncode == 0, done.stderr
    assert "Isolation: none." in done.stdout


@pytest.fixture(scope="module")
def host() -> Iterator[WarmHost]:
    with WarmHost([ROOT], level="reduced") as warm:
        yield warm


@pytest.mark.parametrize(
    ("probe", "stopped"),
    [
        ("read('/etc/passwd')", True),
        (f"read({str(ROOT / 'pyproject.toml')!r})", True),
        (f"read({str(ROOT / 'course' / '.secret')!r})", True),
        ("write('/tmp/left-behind')", True),
        ("fork()", True),
        ("spawn()", True),
        ("connect()", True),
        ("kill()", True),
        ("niceness()", True),
        ("memory()", True),
        ("environ()", True),
        ("scratch()", False),
        ("os.posix_fallocate(os.open('x', os.O_CREAT | os.O_WRONLY), 0, 9)", True),
    ],
)
def test_what_reduced_isolation_stops(probe: str, stopped: bool, host: WarmHost) -> None:
    text = f"{PROBES}\ndef f():\n    return attempt(lambda: {probe})\n"
    source = Source("unit", "unit.py", [text], False, ["f"])
    backend = SandboxBackend(lambda device: host, "unit", [source], courses.Limits())
    said = backend.call(Invocation("unit", "f")).value
    backend.close()
    assert (said == "stopped") == stopped, said


@pytest.mark.parametrize("filling", ["[0] * 3, bytes(4 << 20)", "range(1001), b''"])
def test_a_scratch_folder_on_the_disk_is_watched(filling: str, host: WarmHost) -> None:
    """As large as one of its own, and as many files; whoever has more is ended."""
    text = f"import pathlib, tempfile, time\nnumbers, data = {filling}\ndef f():\n"
    text += "    for _ in numbers:\n        pathlib.Path(tempfile.mktemp()).write_bytes(data)\n"
    text += "    time.sleep(60)\n"
    source = Source("unit", "unit.py", [text], False, ["f"])
    backend = SandboxBackend(lambda device: host, "unit", [source], courses.Limits())
    with pytest.raises(Failure, match="wrote more files than it may"):
        backend.call(Invocation("unit", "f"))
    backend.close()


def test_nothing_stays_after_reduced_isolation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with WarmHost([ROOT], level="reduced") as host:
        host.spawn(ProcessLimits(1 << 30, 10)).close()
        host.spawn(ProcessLimits(1 << 30, 10))
        assert list(tmp_path.glob("grader-*"))
    assert not list(tmp_path.iterdir())
