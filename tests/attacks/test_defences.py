"""Each defence switched off in turn: an attack that is held today then reaches its aim.

Where two defences cover one another, the test says so: either alone still holds, both off do not.
The switches are patches made here, of the code that is handed to the sandbox. The product has none.
"""

from __future__ import annotations

import dataclasses
import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from autograder import course as courses
from autograder import grading, isolation, submission
from autograder.remote import SandboxBackend
from autograder.sandbox import wire
from autograder.student import Failure
from autograder.supervisor import Child, Limits, WarmHost

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COURSE = courses.load(ROOT)
LIMITS = courses.Limits(call_seconds=2.0, unit_seconds=6.0, memory_mib=1024)
SUCCEEDED = "THE ATTACK SUCCEEDED"


def source(module: str, path: Path) -> wire.Source:
    return wire.Source(module, path.name, [path.read_text(encoding="utf-8")], False, [])


class Range:
    """Warm hosts with defences of one's choice, and attacks let loose in them."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._hosts: dict[tuple[str, ...], WarmHost] = {}

    def host(self, *off: str) -> WarmHost:
        """A host whose children do without these functions of isolate.py."""
        if off not in self._hosts:
            sandbox = self._folder / ("-".join(off) or "all") / "sandbox"
            shutil.copytree(isolation.SANDBOX, sandbox)
            isolate = sandbox / "isolate.py"
            text = isolate.read_text(encoding="utf-8")
            for switch in off:
                text = SWITCHES[switch](text)
            isolate.write_text(text, encoding="utf-8")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(isolation, "SANDBOX", sandbox)
                self._hosts[off] = WarmHost([ROOT])
        return self._hosts[off]

    def attack(self, name: str, *off: str, host: WarmHost | None = None) -> str:
        """What a call in an attack's program came to, in the grader's words."""
        return self.backend(name, host or self.host(*off))()

    def backend(self, name: str, host: WarmHost) -> Callable[[], str]:
        sources = [source("rnn", HERE / f"{name}.py"), source("wrong", HERE / "wrong.py")]
        backend = SandboxBackend(lambda _: host, "rnn", sources, LIMITS)

        def call() -> str:
            try:
                return str(backend.call("rnn", "rnn_step", ARGUMENTS, {}, "cpu", None).value)
            except Failure as failure:
                return failure.message
            finally:
                backend.close()

        return call

    def close(self) -> None:
        for host in self._hosts.values():
            host.close()


ARGUMENTS = [torch.zeros(2, 3), torch.zeros(2, 5), torch.zeros(3, 5), torch.zeros(5, 5)]
ARGUMENTS.append(torch.zeros(5))


def without(function: str) -> Callable[[str], str]:
    """Isolate.py with a function of it doing nothing."""

    def switch(text: str) -> str:
        changed, count = re.subn(
            rf"(def {function}\(.*?\) -> None:\n)", r"\1    return\n", text, flags=re.DOTALL
        )
        assert count == 1, f"isolate.py has no {function}"
        return changed

    return switch


def replaced(old: str, new: str) -> Callable[[str], str]:
    """Isolate.py with one piece of text replaced by another."""

    def switch(text: str) -> str:
        assert text.count(old) == 1, f"isolate.py has no {old}"
        return text.replace(old, new)

    return switch


SWITCHES = {
    "seccomp": without("filter_calls"),
    "capabilities": replaced("_check(_libc.capset", "None and _check(_libc.capset"),
    "session": without("own_session"),
    "undumpable": without("undumpable"),
    "descriptors": without("keep_only"),
    "process table": replaced('_mount(b"proc"', 'None and _mount(b"proc"'),
    "read-only proc": replaced("protect | _MS_RDONLY", "protect"),
    "scratch size": replaced("8 << 20", "1 << 30"),
    "AS": replaced("_set_limit(resource.RLIMIT_AS", "None and _set_limit(resource.RLIMIT_AS"),
    "NPROC": replaced("(resource.RLIMIT_NPROC, threads)", "(resource.RLIMIT_NPROC, 9999)"),
    "NOFILE": replaced("OPEN_FILES if memory", "4096 if memory"),
    "FSIZE": replaced("(resource.RLIMIT_FSIZE, FILE_BYTES)", "(resource.RLIMIT_FSIZE, 1 << 50)"),
}


@pytest.fixture(scope="module")
def range_(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        found = Range(tmp_path_factory.mktemp("range"), monkeypatch)
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
    ("FSIZE", "signals/limits"),
    ("undumpable", "stolen/memory_file"),
    ("scratch size", "bombs/memory_in_files"),
]


@pytest.mark.parametrize(("defence", "attack"), ALONE)
def test_a_defence_that_stands_alone(range_, defence, attack):
    assert SUCCEEDED not in range_.attack(attack)
    assert SUCCEEDED in range_.attack(attack, defence)


PAIRS = [
    # Rights in its own namespaces are worth nothing while the calls that need them are refused.
    ("seccomp", "capabilities", "stolen/mounts"),
    # Scratch space ends before the largest file does.
    ("scratch size", "FSIZE", "bombs/large_files"),
]


@pytest.mark.parametrize(("one", "other", "attack"), PAIRS)
def test_defences_that_cover_one_another(range_, one, other, attack):
    assert SUCCEEDED not in range_.attack(attack)
    assert SUCCEEDED not in range_.attack(attack, one)
    assert SUCCEEDED not in range_.attack(attack, other)
    assert SUCCEEDED in range_.attack(attack, one, other)


def test_a_session_and_seccomp_keep_signals_from_the_host(range_):
    """A process group reaches across process tables: kill(0) would end the host."""

    def survives(*off: str) -> bool:
        host = range_.host(*off)
        range_.attack("signals/kills_everything", host=host)
        try:
            host.spawn(Limits(1 << 30, 5)).close()
        except isolation.GraderError:
            return False
        return True

    assert survives()
    assert survives("session")
    assert survives("seccomp")
    assert not survives("seccomp", "session")


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
    if os.getuid() != 0:
        pytest.skip("an ordinary user cannot lay a bind over the whole root")
    attack = "stolen/files_of_the_course"
    assert SUCCEEDED not in range_.attack(attack)
    whole = [path for path in Path("/").iterdir() if path.is_dir() and not path.is_symlink()]
    own = [p for p in whole if p.name not in ("proc", "dev", "tmp", "sys", "grader", "run", "mnt")]
    monkeypatch.setattr(isolation, "python_folders", lambda: own)
    course = ROOT.relative_to("/").parts[0]
    if not os.access(f"/{course}", os.X_OK) or (Path("/") / course).stat().st_mode & 0o005 != 0o005:
        pytest.skip("the course lies where nobody could read it anyway")
    with WarmHost([]) as host:
        seen = range_.attack(attack, host=host)
    assert SUCCEEDED in seen


def test_the_installed_package_is_masked(tmp_path):
    """Installed beside torch, the hidden tests lie inside a bind; a mask covers them."""
    python, package = tmp_path / "env", tmp_path / "env" / "lib" / "autograder"
    layers = dict(isolation._layers([python], [package, tmp_path]))
    assert layers == {python: True, package: False}
    nested = [tmp_path, tmp_path / "env" / "bin"]
    layers = dict(isolation._layers([tmp_path.parent, *nested[1:]], [tmp_path]))
    assert list(layers.items()) == [(tmp_path.parent, True), (tmp_path, False), (nested[1], True)]
    command = isolation.bubblewrap_command(3, [], "cpu")
    assert not any(str(isolation.SANDBOX.parent / "hidden") in word for word in command)


def test_no_place_is_writable_from_one_submission_to_the_next(range_, monkeypatch):
    """An ordinary user's bubblewrap owns what it makes: /dev is remounted read-only.

    For root the child is another user, so that its rights cover it too.
    """
    host = range_.host()
    range_.attack("stolen/note_left", host=host)
    assert SUCCEEDED not in range_.attack("stolen/note_sought", host=host)
    if os.getuid() == 0:
        return
    build = isolation.bubblewrap_command

    def writable(*arguments: object) -> list[str]:
        command = build(*arguments)  # type: ignore[arg-type]
        at = command.index("/dev", command.index("--remount-ro"))
        return command[: at - 1] + command[at + 1 :]

    monkeypatch.setattr(isolation, "bubblewrap_command", writable)
    with WarmHost([ROOT]) as host:
        range_.attack("stolen/note_left", host=host)
        assert SUCCEEDED in range_.attack("stolen/note_sought", host=host)
        assert SUCCEEDED in range_.attack("bombs/memory_in_files", host=host)


def test_standard_streams_lead_nowhere(range_, tmp_path, monkeypatch):
    """What a program prints reaches no terminal, no log and no report."""

    def printed(host: WarmHost) -> bool:
        range_.attack("bombs/output", host=host)
        stream = host._process.stderr
        assert stream
        return bool(select.select([stream], [], [], 0)[0]) and b"TRACE" in stream.read1(1 << 16)

    assert not printed(range_.host())
    sandbox = tmp_path / "sandbox"
    shutil.copytree(isolation.SANDBOX, sandbox)
    host_py = sandbox / "host.py"
    text = host_py.read_text(encoding="utf-8")
    assert text.count("for descriptor in (0, 1, 2):") == 1
    host_py.write_text(text.replace("(0, 1, 2):", "():"), encoding="utf-8")
    monkeypatch.setattr(isolation, "SANDBOX", sandbox)
    with WarmHost([ROOT]) as host:
        assert printed(host)


TWICE = """
from wrong import request, result, send
def rnn_step(*_):
    send(result(request().nonce, value="spare"))
    return "asked for"
def rnn(*_):
    return "asked for"
"""


def test_a_nonce_ties_a_reply_to_its_question(range_, monkeypatch):
    """Without it the spare reply of one call answers the next, which is never made."""
    sources = [wire.Source("rnn", "rnn.py", [TWICE], False, [])]
    sources.append(source("wrong", HERE / "wrong.py"))

    def second() -> object:
        backend = SandboxBackend(lambda _: range_.host(), "rnn", sources, LIMITS)
        try:
            assert backend.call("rnn", "rnn_step", [], {}, "cpu", None).value == "spare"
            return backend.call("rnn", "rnn_step", [], {}, "cpu", None).value
        except Failure as failure:
            return failure.message
        finally:
            backend.close()

    assert "a reply to another question" in str(second())
    monkeypatch.setattr("autograder.remote.nonce", lambda: 7)
    assert second() == "asked for"  # an answer to the first question, not to this one


BIG = "import torch\ndef rnn_step(*_):\n    return torch.zeros({bytes}, dtype=torch.uint8)\n"


def test_replies_are_capped(range_, monkeypatch):
    def size(count: int) -> object:
        sources = [wire.Source("rnn", "rnn.py", [BIG.format(bytes=count)], False, [])]
        backend = SandboxBackend(lambda _: range_.host(), "rnn", sources, LIMITS)
        try:
            return backend.call("rnn", "rnn_step", [], {}, "cpu", None).value.numel()
        except Failure as failure:
            return failure.message
        finally:
            backend.close()

    monkeypatch.setattr(wire, "MAX_REPLY_PAYLOAD", 1 << 20)
    assert "more than 1 MiB" in str(size(2 << 20))
    monkeypatch.setattr(wire, "MAX_REPLY_PAYLOAD", 1 << 22)
    assert size(2 << 20) == 2 << 20


def test_headers_are_capped(range_, monkeypatch):
    assert "too many parts" in range_.attack("forged/oversized_header")
    monkeypatch.setattr(wire, "MAX_REPLY_HEADER", 1 << 32)
    assert "did not finish" in range_.attack("forged/oversized_header")  # it waits for the bytes


def test_booleans_are_made_zero_or_one(monkeypatch):
    """Torch takes any byte for a boolean; what such a tensor is equal to is anyone's guess."""
    node = wire.Tensor("torch", "bool", [1])
    assert wire.Reader(bytearray(b"\2")).decode(node).view(torch.uint8).tolist() == [1]
    monkeypatch.setattr(wire, "torch", SimpleNamespace(**vars(torch) | {"bool": None}))
    assert wire.Reader(bytearray(b"\2")).decode(node).view(torch.uint8).tolist() == [2]


@pytest.fixture
def eve(tmp_path):
    (tmp_path / "class" / "eve").mkdir(parents=True)
    return tmp_path / "class" / "eve" / "rnn.py"


def handed_in(eve: Path) -> submission.File:
    file = submission.read(eve.parents[1], "eve", COURSE).file("rnn")
    assert file
    return file


def test_links_are_not_followed(eve, tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("what = 1")
    eve.symlink_to(tmp_path / "secret")
    assert not handed_in(eve).cells
    monkeypatch.setattr(os, "O_NOFOLLOW", 0)
    assert handed_in(eve).cells == ["what = 1"]


def test_sizes_are_capped(eve, monkeypatch):
    eve.write_text("#" * (2 << 20))
    assert "too large" in handed_in(eve).problem
    limits = dataclasses.replace if False else None
    assert limits is None
    monkeypatch.setattr(submission, "_read_bytes", lambda path, limit: path.read_bytes())
    assert len(handed_in(eve).cells[0]) == 2 << 20


def test_only_plain_encodings_are_decoded(eve, monkeypatch):
    """Punycode takes time that grows with the square of the file: 200 KB cost a second or two."""
    eve.write_bytes(b"# coding: punycode\n" + b"a" * 120_000 + b"-" + b"b" * 80_000)
    start = time.process_time()
    assert handed_in(eve).problem
    quick = time.process_time() - start
    monkeypatch.setattr(submission, "ENCODINGS", re.compile(".*"))
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
            patch.setattr(grading.subprocess, "Popen", popen)
            tester = grading._Tester(grading.Setup([], {}, {}))
            deadline = time.monotonic() + 10
            while patches and not sprung.exists() and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(0 if patches else 1)
            tester.close()
        return sprung.exists()

    assert not sprung_by()
    assert sprung_by("-P")


def test_the_first_to_go(range_, tmp_path):
    """Where memory runs out, the kernel ends a student's process before one of ours."""
    child = range_.host().spawn(Limits(1 << 30, 5))
    score = int((child._proc / "oom_score_adj").read_text())
    child.close()
    assert score == 1000 > int(Path("/proc/self/oom_score_adj").read_text())


def test_cpu_time_ends_even_between_calls(range_):
    """Threads may compute behind a call; the kernel ends them, and the unit's deadline does."""
    host = range_.host()
    for seconds, alive in ((1, False), (60, True)):
        child = host.spawn(Limits(1 << 30, seconds))
        busy = "import threading\ndef spin():\n    while True: pass\n"
        busy += "threading.Thread(target=spin, daemon=True).start()\n"
        load = wire.Load(1, [wire.Source("rnn", "rnn.py", [busy], False, [])], "rnn")
        child.request(load, [], time.monotonic() + 5)
        time.sleep(2.5)
        ended = child.close()
        assert (ended.signal == 9 and alive) or not alive
        if not alive:
            assert ended.signal in (9, 24)
