"""Each defence switched off in turn: an attack that is held today then reaches its aim.

Where two defences cover one another, the test says so: either alone still holds, both off do not.
The switches are in a copy of the sandbox's code, made here. The product has none.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import torch
from machine import patience
from test_attacks import SUCCEEDED

from autograder.core import course as courses
from autograder.core import errors
from autograder.core.files import read_regular
from autograder.core.processes import PACKAGE
from autograder.grading import grader
from autograder.intake import decode, tree
from autograder.intake.reading import read
from autograder.intake.submission import File
from autograder.sandbox import wire
from autograder.supervisor import bubblewrap, pythons
from autograder.supervisor.backend import SandboxBackend
from autograder.supervisor.child import Child, ProcessLimits
from autograder.supervisor.warm_host import WarmHost
from autograder.testing.calls import Failure, Invocation

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COURSE = courses.load(ROOT)
SIZES = ((2, 3), (2, 5), (3, 5), (5, 5), (5,))
ARGUMENTS = [torch.zeros(size) for size in SIZES]

# Added to the copy of isolate.py: which defences are off is asked in every child anew.
SWITCH = """

def off(defence):
    return defence in (Path(__file__).parent / "off").read_text().split(",")
"""
FUNCTIONS = {  # that do nothing where the defence is off
    "filter_calls": "seccomp",
    "own_session": "session",
    "undumpable": "undumpable",
    "keep_only": "descriptors",
}
PIECES = {  # of isolate.py, and what stands in their place where the defence is off
    "capabilities": ("_libc.capset(header, (ctypes.c_uint32 * 6)())", "0"),
    "process table": ('_mount(b"proc", b"/proc", b"proc", protect | readonly, b"")', "None"),
    "own scratch": ('(SCRATCH, "/dev/shm")', '("/dev/shm",)'),
    "scratch size": ('b"size=%d,nr_inodes=1k" % TMPFS_BYTES', 'b""'),
    "AS": ("pages * resource.getpagesize() + memory", "1 << 46"),
    "NPROC": ("resource.RLIMIT_NPROC", "resource.RLIMIT_SIGPENDING"),
    "NOFILE": ("OPEN_FILES if memory is not None else 1024", "4096"),
    "FSIZE": ("resource.RLIMIT_FSIZE", "resource.RLIMIT_SIGPENDING"),
}


def switchable(text: str) -> str:
    """Isolate.py, with a switch for every defence."""
    for function, name in FUNCTIONS.items():
        pattern = rf'(def {function}\([^)]*\) -> None:\n    """.*?"""\n)'
        insert = rf"\1    if off({name!r}):\n        return\n"
        text, count = re.subn(pattern, insert, text, flags=re.DOTALL)
        assert count == 1, f"isolate.py has no {function}"
    for name, (old, new) in PIECES.items():
        assert text.count(old) == 1, f"isolate.py has no {old}"
        text = text.replace(old, f"({new} if off({name!r}) else {old})")
    writable = "(0 if off('read-only proc') else readonly)"
    return text.replace("protect | readonly", f"protect | {writable}") + SWITCH


def source(module: str, path: Path) -> wire.Source:
    return wire.Source(module, path.name, [path.read_text(encoding="utf-8")], False, [])


def limits() -> courses.Limits:
    """Of one attack: many times what any takes, or a slow machine would pass for a defence."""
    return courses.Limits(call_seconds=patience(3), unit_seconds=patience(6), memory_mib=256)


def call(host: WarmHost, sources: list[wire.Source], **others: float) -> object:
    """What a call of rnn_step gives, or what the grader says of it. others: other limits."""
    asked = msgspec.structs.replace(limits(), **others)
    backend = SandboxBackend(lambda _: host, "rnn", sources, asked)
    try:
        return backend.call(Invocation("rnn", "rnn_step", ARGUMENTS)).value
    except Failure as failure:
        return failure.message
    finally:
        backend.close()


class Range:
    """A warm host with defences of one's choice, and attacks let loose in it."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(bubblewrap.SANDBOX, folder / "sandbox")
        isolate = folder / "sandbox" / "isolate.py"
        isolate.write_text(switchable(isolate.read_text(encoding="utf-8")), encoding="utf-8")
        self._off = folder / "sandbox" / "off"
        self._off.touch()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bubblewrap, "SANDBOX", folder / "sandbox")
            self._host = WarmHost([ROOT]).ready()

    def host(self, *off: str) -> WarmHost:
        """The host; its children from now on do without these defences."""
        self._off.write_text(",".join(off))
        return self._host

    def attack(self, name: str, *off: str, host: WarmHost | None = None, **others: float) -> str:
        """What a call in an attack's program came to, in the grader's words. others: as in call."""
        sources = [source("rnn", HERE / f"{name}.py"), source("wrong", HERE / "wrong.py")]
        return str(call(host or self.host(*off), sources, **others))

    def close(self) -> None:
        self._host.close()


@pytest.fixture(scope="module")
def range_(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Range]:
    found = Range(tmp_path_factory.mktemp("range"))
    yield found
    found.close()


ALONE = [
    ("process table", "stolen/other_processes"),
    ("seccomp", "stolen/system_calls"),
    ("seccomp", "stolen/other_programs"),
    ("seccomp", "stolen/network"),
    ("seccomp", "stolen/odd_arguments"),
    ("seccomp", "bombs/forks"),
    ("seccomp", "survivors/daemon"),
    ("seccomp", "signals/priorities"),
    ("seccomp", "signals/tracing"),
    ("NPROC", "bombs/threads"),
    ("NOFILE", "bombs/descriptors"),
    ("FSIZE", "bombs/large_files"),  # one that is all holes
    ("scratch size", "bombs/memory_in_files"),
]


@pytest.mark.parametrize(("defence", "attack"), ALONE)
def test_a_defence_that_stands_alone(range_, defence, attack):
    assert SUCCEEDED not in range_.attack(attack)
    assert SUCCEEDED in range_.attack(attack, defence)


PAIRS = [
    # Rights in its own namespaces are worth nothing while the calls that need them are refused.
    ("seccomp", "capabilities", "stolen/mounts"),
    # A process that is not dumpable has files in /proc that are root's; and /proc is read-only.
    ("undumpable", "read-only proc", "stolen/memory_file"),
]


@pytest.mark.parametrize(("one", "other", "attack"), PAIRS)
def test_defences_that_cover_one_another(range_, one, other, attack):
    assert SUCCEEDED not in range_.attack(attack)
    assert SUCCEEDED not in range_.attack(attack, one)
    assert SUCCEEDED not in range_.attack(attack, other)
    assert SUCCEEDED in range_.attack(attack, one, other)


def test_a_session_and_seccomp_keep_signals_from_the_host(range_, tmp_path):
    """A process group reaches across process tables: kill(0) would end the host."""

    def survives(over: Range, *off: str) -> bool:
        host = over.host(*off)
        try:
            over.attack("signals/kills_everything", host=host)
            host.spawn(ProcessLimits(1 << 30, 5)).close()
        except errors.GraderError:
            return False
        return True

    assert survives(range_)
    assert survives(range_, "session")
    assert survives(range_, "seccomp")
    doomed = Range(tmp_path)
    assert not survives(doomed, "seccomp", "session")
    doomed.close()


def test_an_address_space_limit_and_a_watch_keep_memory(range_, monkeypatch):
    """The kernel's limit refuses at once; should it not count something, the watch ends it."""
    attack = "bombs/resident_memory"
    assert SUCCEEDED not in range_.attack(attack)
    assert "more memory than it may" in range_.attack(attack, "AS")
    monkeypatch.setattr(Child, "_resident", lambda _: 0)
    assert SUCCEEDED not in range_.attack(attack)
    assert SUCCEEDED in range_.attack(attack, "AS")


def test_descriptors_are_closed(range_):
    """Two others are there in passing: the child's first word goes out on one of them."""
    assert SUCCEEDED not in range_.attack("stolen/open_descriptors")
    assert SUCCEEDED in range_.attack("stolen/open_descriptors", "descriptors")


def test_an_empty_root_and_masks_hide_the_course(range_, monkeypatch):
    """Only Python is bound; should a bind bring the course along, the mask covers it."""
    attack = "stolen/files_of_the_course"
    assert SUCCEEDED not in range_.attack(attack)
    folders = [*pythons.python_folders(), ROOT]
    monkeypatch.setattr(bubblewrap, "python_folders", lambda: folders)
    with WarmHost([ROOT]) as host:
        assert SUCCEEDED not in range_.attack(attack, host=host)
    with WarmHost([]) as host:
        assert SUCCEEDED in range_.attack(attack, host=host)


def test_packages_of_no_use_here_are_masked(range_, monkeypatch):
    """What lies beside the environment's own packages: its base's, and the system's."""
    attack = "stolen/other_packages"
    assert SUCCEEDED not in range_.attack(attack)
    if any(any(place.rglob("*.py")) for place in pythons.unused_packages()):
        monkeypatch.setattr(bubblewrap, "unused_packages", set)
        with WarmHost([ROOT]) as host:
            assert SUCCEEDED in range_.attack(attack, host=host)


def test_a_folder_is_opened_but_for_what_is_hidden_in_it(tmp_path):
    """Landlock opens what it names, and all below; a link is opened where it leads to."""
    hidden, other = tmp_path / "lib" / "hidden", tmp_path / "lib" / "other"
    hidden.mkdir(parents=True), other.mkdir()
    (tmp_path / "lib64").symlink_to("lib")
    assert pythons.without(tmp_path, {hidden}) == ([other], [tmp_path, tmp_path / "lib", hidden])
    assert pythons.without(tmp_path, {other / "x"}) == (
        [hidden],
        [tmp_path, tmp_path / "lib", other],
    )
    assert pythons.without(tmp_path, set()) == ([tmp_path], [])


def test_the_installed_package_is_masked(tmp_path):
    """Installed beside torch, the grader lies inside a bind; a mask covers it."""
    python, package = tmp_path / "env", tmp_path / "env" / "lib" / "autograder"
    layers = dict(pythons._layers([python], [package, tmp_path]))
    assert layers == {python: True, package: False}
    nested = [tmp_path, tmp_path / "env" / "bin"]
    layers = dict(pythons._layers([tmp_path.parent, *nested[1:]], [tmp_path]))
    assert list(layers.items()) == [(tmp_path.parent, True), (tmp_path, False), (nested[1], True)]
    command = bubblewrap.bubblewrap_command(3, [], "cpu")
    assert not any(str(PACKAGE / "grading") in word for word in command)


def test_no_place_is_writable_from_one_submission_to_the_next(range_, monkeypatch):
    """An ordinary user's bubblewrap owns what it makes: /dev is remounted read-only.

    For root the child is another user, so that its rights cover it too.
    """
    host = range_.host()
    range_.attack("stolen/note_left", host=host)
    assert SUCCEEDED not in range_.attack("stolen/note_sought", host=host)
    # The temporary folder that the host had while it warmed up lies below the child's own.
    range_.attack("stolen/note_left", "own scratch")
    assert SUCCEEDED in range_.attack("stolen/note_sought", "own scratch")
    if os.getuid() == 0:
        return
    build = bubblewrap.bubblewrap_command

    def writable(*arguments: object) -> list[str]:
        command = build(*arguments)  # type: ignore[arg-type]
        at = command.index("/dev", command.index("--remount-ro"))
        return command[: at - 1] + command[at + 1 :]

    monkeypatch.setattr(bubblewrap, "bubblewrap_command", writable)
    with WarmHost([ROOT]) as host:
        range_.attack("stolen/note_left", host=host)
        assert SUCCEEDED in range_.attack("stolen/note_sought", host=host)
        assert SUCCEEDED in range_.attack("bombs/memory_in_files", host=host)


def test_standard_streams_lead_nowhere(range_, tmp_path, monkeypatch):
    """What a program prints reaches no terminal, no log and no report."""

    def printed(host: WarmHost) -> bool:
        range_.attack("bombs/output", host=host)
        return "TRACE" in host.said

    assert not printed(range_.host())
    sandbox = tmp_path / "sandbox"
    shutil.copytree(bubblewrap.SANDBOX, sandbox)
    host_py = sandbox / "host.py"
    text = host_py.read_text(encoding="utf-8")
    assert text.count("    _fall_silent()\n") == 1
    host_py.write_text(text.replace("    _fall_silent()\n", ""), encoding="utf-8")
    monkeypatch.setattr(bubblewrap, "SANDBOX", sandbox)
    with WarmHost([ROOT]) as host:
        assert printed(host)


TWICE = """
from wrong import request, result, send
def rnn_step(*_):
    send(result(request().nonce, value="spare"))
    return "asked for"
"""


def test_a_nonce_ties_a_reply_to_its_question(range_, monkeypatch):
    """Without it the spare reply of one call answers the next, which is never made."""
    sources = [wire.Source("rnn", "rnn.py", [TWICE], False, [])]
    sources.append(source("wrong", HERE / "wrong.py"))

    def second() -> object:
        backend = SandboxBackend(lambda _: range_.host(), "rnn", sources, limits())
        try:
            assert backend.call(Invocation("rnn", "rnn_step")).value == "spare"
            return backend.call(Invocation("rnn", "no_such_function")).value
        except Failure as failure:
            return failure.message
        finally:
            backend.close()

    assert "a reply to another question" in str(second())
    monkeypatch.setattr("autograder.supervisor.backend.nonce", lambda: 7)
    assert second() == "asked for"  # though there is no such function


def test_replies_are_capped(range_):
    big = "import torch\ndef rnn_step(*_):\n    return torch.zeros(2 << 20, dtype=torch.uint8)\n"
    sources = [wire.Source("rnn", "rnn.py", [big], False, [])]
    assert "more than 1 MiB" in str(call(range_.host(), sources, reply_mib=1))
    assert call(range_.host(), sources, reply_mib=4).numel() == 2 << 20


def test_headers_are_capped(range_, monkeypatch):
    assert "too many parts" in range_.attack("forged/oversized_header")
    monkeypatch.setattr(wire, "MAX_REPLY_HEADER", 1 << 32)
    waits = range_.attack("forged/oversized_header", call_seconds=patience(0.5))
    assert "no answer" in waits  # for the bytes


@pytest.fixture
def eve(tmp_path):
    (tmp_path / "class" / "eve").mkdir(parents=True)
    return tmp_path / "class" / "eve" / "rnn.py"


def handed_in(eve: Path) -> File:
    file = read(eve.parents[1], "eve", COURSE).file("rnn")
    assert file
    return file


def test_links_are_not_followed(eve, tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("what = 1")
    eve.symlink_to(tmp_path / "secret")
    assert not handed_in(eve).cells
    monkeypatch.setattr(tree, "read_below", lambda root, way, most: read_regular(root / way, most))
    assert handed_in(eve).cells == ["what = 1"]


def test_sizes_are_capped(eve, monkeypatch):
    eve.write_text("#" * (2 << 20))
    assert "too large" in handed_in(eve).problem
    monkeypatch.setattr(tree, "read_below", lambda root, way, _most: (root / way).read_bytes())
    assert len(handed_in(eve).cells[0]) == 2 << 20


def test_only_plain_encodings_are_decoded(eve, monkeypatch):
    """Punycode takes time that grows with the square of the file: 200 KB cost a second or two."""
    eve.write_bytes(b"# coding: punycode\n" + b"a" * 120_000 + b"-" + b"b" * 80_000)
    start = time.process_time()
    assert handed_in(eve).problem
    quick = time.process_time() - start
    monkeypatch.setattr(decode, "ENCODINGS", re.compile(".*"))
    start = time.process_time()
    handed_in(eve)
    assert time.process_time() - start > 20 * quick


def test_the_tester_imports_nothing_from_where_it_is_started(tmp_path, monkeypatch):
    """A submission's folder may be called torch, and hold an __init__.py."""
    (tmp_path / "torch").mkdir()
    sprung = tmp_path / "sprung"
    trap = f"open({str(sprung)!r}, 'w').close()\nraise SystemExit('trapped')\n"
    (tmp_path / "torch" / "__init__.py").write_text(trap)
    monkeypatch.chdir(tmp_path)

    def sprung_by(*patches: str) -> bool:
        start = subprocess.Popen

        def popen(command: list[str], **options: object) -> object:
            return start([word for word in command if word not in patches], **options)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(grader.subprocess, "Popen", popen)
            tester = grader._Tester(grader.TesterSetup("full", [], {}, {}, ""), tmp_path)
            maps = Path(f"/proc/{tester._process.pid}/maps")
            deadline = time.monotonic() + patience(60)
            while not sprung.exists() and "libtorch" not in maps.read_text():
                assert time.monotonic() < deadline
                time.sleep(0.02)
            tester.close()
        return sprung.exists()

    assert not sprung_by()
    assert sprung_by("-P")


def test_the_first_to_go(range_):
    """Where memory runs out, the kernel ends a student's process before one of ours."""
    child = range_.host().spawn(ProcessLimits(1 << 30, 5))
    score = int((child._proc / "oom_score_adj").read_text())
    child.close()
    assert score == 1000 > int(Path("/proc/self/oom_score_adj").read_text())


def test_cpu_time_ends_even_between_calls(range_):
    """Threads may compute behind a call; the kernel ends them, and the unit's deadline does."""
    host = range_.host()
    for seconds, alive in ((1, False), (60, True)):
        child = host.spawn(ProcessLimits(1 << 30, seconds))
        busy = "import threading\ndef spin():\n    while True: pass\n"
        busy += "threading.Thread(target=spin, daemon=True).start()\n"
        load = wire.Load(1, [wire.Source("rnn", "rnn.py", [busy], False, [])], "rnn")
        child.request(load, [], time.monotonic() + patience(5))
        assert spends(child, 1.8) == alive
        assert child.close().signal in ((9,) if alive else (9, 24))


def spends(child: Child, seconds: float) -> bool:
    """Whether a child lives to use so much CPU time."""
    deadline = time.monotonic() + patience(60)
    while child.cpu_seconds() < seconds:
        assert time.monotonic() < deadline
        if select.select([child._pidfd], [], [], 0.02)[0]:
            return False
    return True


def test_a_home_or_a_clone_with_a_package_in_it_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches: `pip install --target .` there shows all of it to students' programs."""
    monkeypatch.setenv("HOME", str(tmp_path / "homes" / "ann"))
    shown = tmp_path / "packages"
    for folder in (tmp_path / "homes", tmp_path / "homes" / "ann", tmp_path / "clone", shown):
        (folder / "attrs-25.1.0.dist-info").mkdir(parents=True)
        monkeypatch.syspath_prepend(folder)
    (tmp_path / "clone" / "course").mkdir()
    (tmp_path / "clone" / "course" / "course.toml").touch()
    found = [path for path in pythons.python_folders() if path.is_relative_to(tmp_path)]
    assert found == [shown]
