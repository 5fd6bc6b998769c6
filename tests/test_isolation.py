"""The warm host starts wherever Python lives and whatever its packages do, and says why if not."""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import pytest
from conftest import ROOT

from autograder.core import errors
from autograder.supervisor import bubblewrap, doctor, warm_host
from autograder.supervisor.child import ProcessLimits
from autograder.supervisor.warm_host import WarmHost

Warming = Callable[[str], None]


@pytest.fixture
def warming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warming:
    """Have the host do this alone while it warms up, as a package may that it imports."""

    def patch(text: str) -> None:
        sandbox = tmp_path / "sandbox"
        shutil.copytree(bubblewrap.SANDBOX, sandbox)
        uncompiled = "class UNCOMPILED:\n    install = staticmethod(lambda: None)\n"
        program = f"{uncompiled}\n\ndef warm():\n    {text}\n"
        (sandbox / "worker.py").write_text(program, encoding="utf-8")
        monkeypatch.setattr(bubblewrap, "SANDBOX", sandbox)

    return patch


NEEDS = {
    "a temporary file": "import tempfile; tempfile.NamedTemporaryFile().write(b'x')",
    "a cache at home": "from pathlib import Path; (Path.home() / '.cache').mkdir()",
    "a shared library": "import ctypes.util; assert ctypes.util.find_library('c')",
    "the linker's cache": "import subprocess; subprocess.check_call(['/sbin/ldconfig', '-p'])",
    "a user's name": "import getpass; getpass.getuser()",
    "more words than a pipe holds": "import sys; sys.stderr.write('a warning\\n' * 20000)",
}


@pytest.mark.parametrize("need", NEEDS)
def test_what_packages_need_while_they_are_imported(need: str, warming: Warming) -> None:
    warming(NEEDS[need])
    with WarmHost([ROOT]) as host:
        host.spawn(ProcessLimits(1 << 30, 10)).close()


FAILURES = {
    "its own words": ("raise RuntimeError('libfoo.so is missing')", "libfoo.so is missing"),
    "words after the error": (
        "print('ImportError: no libfoo\\nThank you.', file=__import__('sys').stderr); exit(1)",
        "ImportError: no libfoo",
    ),
    "another error of namespaces": ("raise RuntimeError('namespace prims')", "namespace prims"),
    "no room": (
        "open('/grader-scratch/large', 'wb').write(bytes(9 << 20))",
        "No space left on device",
    ),
    "memory that all would share": (
        "import mmap; global kept; kept = mmap.mmap(-1, 4096)",
        "memory that all submissions would share",
    ),
    "an exit without a word": ("import os; os._exit(3)", "it ended without a word"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_why_it_did_not_start(failure: str, warming: Warming) -> None:
    """The cause is told, by a grading as by `doctor`; a remedy only where it is known."""
    text, words = FAILURES[failure]
    warming(text)
    with pytest.raises(errors.IsolationError, match="The sandbox could not start") as caught:
        WarmHost([ROOT]).ready()
    assert words in caught.value.cause
    assert not caught.value.remedy
    fine, found, remedy = doctor._sandbox()
    assert (fine, remedy) == (False, "")
    assert words in found
    assert len(found.splitlines()) > 1 or "without" in failure


def test_a_host_that_is_killed_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first process may be killed while one that it started goes on, and holds the socket."""
    killed = ["sh", "-c", "sleep 600 & kill -9 $$"]
    monkeypatch.setattr(bubblewrap, "bubblewrap_command", lambda *_: killed)
    before = time.monotonic()
    with pytest.raises(errors.IsolationError, match="it ended without a word"):
        WarmHost([ROOT]).ready()
    assert time.monotonic() - before < warm_host.START_SECONDS


def test_as_many_processes_as_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches: a tester that ends with a traceback, and no cause in the report."""
    full = OSError(errno.EAGAIN, "Resource temporarily unavailable")
    monkeypatch.setattr(subprocess, "Popen", Mock(side_effect=full))
    with pytest.raises(errors.IsolationError, match="Resource temporarily unavailable"):
        WarmHost([ROOT])


def test_remedies_follow_from_what_this_machine_says(monkeypatch: pytest.MonkeyPatch) -> None:
    files: dict[str, list[str]] = {}
    monkeypatch.setattr(bubblewrap, "_lines", lambda name: files.get(name, []))
    refused = "bwrap: setting up uid map: Permission denied"
    assert bubblewrap.remedy(refused) == ""
    files["/proc/sys/kernel/apparmor_restrict_unprivileged_userns"] = ["1"]
    assert "apparmor_restrict_unprivileged_userns=0" in bubblewrap.remedy(refused)
    assert bubblewrap.remedy("ModuleNotFoundError: No module named 'torch'") == ""
    files.clear()
    files["/proc/self/status"] = ["Seccomp:\t2"]
    assert "seccomp=unconfined" in bubblewrap.remedy("unshare: Operation not permitted")
    covered = "mount /proc: Operation not permitted"
    assert bubblewrap.remedy(covered) == ""
    files["/proc/self/mountinfo"] = ["99 98 0:5 / /proc/sys ro - proc proc ro"]
    assert "systempaths=unconfined" in bubblewrap.remedy(covered)


INSIDE = """
import subprocess, sys
from pathlib import Path
from autograder.supervisor import bubblewrap
look = "import importlib.util, os, sys; print(bool(importlib.util.find_spec('torch')))"
look += "; print(os.path.exists(sys.argv[1]) and sorted(os.listdir(sys.argv[1])))"
bubblewrap._host = lambda control: bubblewrap.python("-s", "-c", look, sys.argv[1])
command = bubblewrap.bubblewrap_command(0, [Path(path) for path in sys.argv[2:]], "cpu")
print(subprocess.check_output(command, text=True))
"""


def seen_by_a_student(python: Path, folder: Path, *masks: Path, **environment: str) -> str:
    """What a student's program finds in a folder, if this Python is the one that grades."""
    done = subprocess.run(
        [python, "-P", "-c", INSIDE, folder, *masks],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere", **environment},
    )
    torch, _, names = done.stdout.strip().partition("\n")
    assert torch == "True", done.stderr
    return names


def test_an_environment_shows_nothing_of_the_folder_that_it_was_made_in(tmp_path: Path) -> None:
    """The course's own folder, as `python -m venv .` in a clone makes it, or the one above it."""
    (tmp_path / "results of last week").mkdir()
    for name in ("lib", "pyvenv.cfg"):
        (tmp_path / name).symlink_to(Path(sys.prefix) / name)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(Path(sys.executable).resolve())
    python = tmp_path / "bin" / "python"
    for masks in ([], [tmp_path]):
        seen = seen_by_a_student(python, tmp_path, *masks)
        assert "lib" in seen
        assert "results" not in seen


def test_a_path_with_dots_in_it(tmp_path: Path) -> None:
    """Above the dots may be what is masked: the course, with its environment beside it."""
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "answers").touch()
    (tmp_path / "venv").symlink_to(sys.prefix)
    python = tmp_path / "course" / ".." / "venv" / "bin" / "python"
    assert "answers" not in seen_by_a_student(python, tmp_path / "course", tmp_path / "course")


def test_an_environment_behind_a_link_shows_no_more(tmp_path: Path) -> None:
    """Masks hold by whatever name Python was started: each place is bound once."""
    (tmp_path / "other 名字").symlink_to(Path(sys.prefix).parent)
    prefix = tmp_path / "other 名字" / Path(sys.prefix).name
    packages = Path(sysconfig.get_paths()["purelib"]).relative_to(sys.prefix)
    masked = prefix / packages / "rich"
    python = prefix / "bin" / "python"
    assert "lib" in seen_by_a_student(python, prefix)
    assert seen_by_a_student(python, masked.resolve(), masked) == "[]"
    assert seen_by_a_student(python, masked, masked.resolve()) == "[]"


def test_a_python_in_somebodys_home_does_not_bring_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    (home / "diary").touch()
    shutil.copy(Path(sys.executable).resolve(), home / "bin" / "python3")
    packages = f"{ROOT}:{sysconfig.get_paths()['purelib']}"
    libraries = f"{home}:{sysconfig.get_config_var('LIBDIR')}"
    seen = seen_by_a_student(
        home / "bin" / "python3",
        home,
        HOME=str(home),
        PYTHONPATH=packages,
        LD_LIBRARY_PATH=libraries,
    )
    assert seen == "['bin']"


def test_another_copy_of_the_grader_is_masked_too(tmp_path: Path) -> None:
    """Installed beside torch once, it still lies there when a clone is used."""
    packages = tmp_path / "site-packages"
    (packages / "autograder" / "grading").mkdir(parents=True)
    path = f"{ROOT}:{packages}"
    seen = seen_by_a_student(Path(sys.executable), packages / "autograder", PYTHONPATH=path)
    assert seen == "[]"


def test_packages_that_a_user_installed_for_themselves(tmp_path: Path) -> None:
    """As `pip install --user` does it."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages = tmp_path / ".local" / "lib" / version / "site-packages"
    packages.parent.mkdir(parents=True)
    packages.symlink_to(sysconfig.get_paths()["purelib"])
    base = Path(sys.base_prefix) / "bin" / version
    assert seen_by_a_student(base, tmp_path, HOME=str(tmp_path)) == "['.local']"


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("echo bubblewrap 0.6.1", r"bwrap is version 0\.6\.1, too old"),
        ("echo it is broken >&2; exit 1", "does not tell its version: it is broken"),
        ("printf '\\377 1.2.3'", "does not tell its version"),
        ("exec sleep 60", "cannot be run"),
    ],
)
def test_a_bubblewrap_that_is_no_use_is_left_alone(
    says: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "bwrap"
    old.write_text(f"#!/bin/sh\n{says}\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(bubblewrap, "VERSION_SECONDS", 1.0)
    found, _ = bubblewrap.find_bubblewrap.__wrapped__()
    assert found != old
    monkeypatch.setattr(bubblewrap.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(errors.IsolationError, match=told):
        bubblewrap.find_bubblewrap.__wrapped__()
