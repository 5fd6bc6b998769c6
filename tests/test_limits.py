"""What a submission's time is: what it computes, however busy the machine; the wall is for waiting.

The limits here are a fiftieth of the course's, so that what meets them is soon over.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from conftest import ROOT

from autograder.core import course as courses
from autograder.core.course import Limits
from autograder.core.errors import IsolationError
from autograder.core.language import render
from autograder.sandbox import wire
from autograder.supervisor import backend as backend_module
from autograder.supervisor.backend import SandboxBackend
from autograder.supervisor.child import Child
from autograder.supervisor.warm_host import WarmHost
from autograder.testing.calls import Failure, Invocation

CPU = 0.2  # of a call
SPENDS = """
import time

def spends(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
"""


@pytest.fixture(scope="module")
def host() -> Iterator[WarmHost]:
    with WarmHost([ROOT]) as warm:
        yield warm


@pytest.fixture
def run(host: WarmHost) -> Iterator[Callable[..., SandboxBackend]]:
    """Run a program in a backend of its own. call, unit: CPU-seconds that these may take."""
    backends: list[SandboxBackend] = []

    def run(text: str, call: float = CPU, unit: float = 60.0) -> SandboxBackend:
        sources = [wire.Source("m", "m.py", [text], False, [])]
        limits = Limits(call, unit, statement_seconds=call, load_seconds=call)
        backends.append(SandboxBackend(lambda _: host, "m", sources, limits))
        return backends[-1]

    yield run
    for backend in backends:
        backend.close()


@pytest.fixture
def no_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no busy machine bring anything that computes to the wall."""
    monkeypatch.setattr(courses, "WALL_TIMES", 600)


def call(backend: SandboxBackend, function: str = "f", device: str = "cpu") -> object:
    return backend.call(Invocation("m", function, device=device)).value


def failure(backend: SandboxBackend, function: str = "f", device: str = "cpu") -> Failure:
    with pytest.raises(Failure) as caught:
        call(backend, function, device)
    return caught.value


ENDLESS = {
    "in Python": "while True: pass",
    "in C": "pow(3, 10**9)",
    "in torch": "torch.ones(9000, 9000) @ torch.ones(9000, 9000)",
    "in a loop of torch": "while True: torch.ones(50, 50) @ torch.ones(50, 50)",
}


@pytest.mark.usefixtures("no_wall")
@pytest.mark.parametrize("kind", ENDLESS)
def test_what_computes_without_an_end_meets_the_limit_of_cpu_time(
    kind: str, run: Callable[..., SandboxBackend]
) -> None:
    told = failure(run(f"import torch\ndef f():\n    {ENDLESS[kind]}\n"))
    assert told.message == "`f` took more than 0.2 CPU-seconds."
    assert "a loop that never ends" in told.help
    assert told.help_id == "timeout"
    assert render(told.facts, "zh") == "`f` 用了超过 0.2 秒的 CPU 时间。"


@pytest.mark.usefixtures("no_wall")
def test_threads_are_counted_together(run: Callable[..., SandboxBackend]) -> None:
    """Each computes for less than the limit. Catches: the clock of one thread."""
    text = f"""
import hashlib, threading, time

def burn():
    end = time.thread_time() + {CPU / 3}
    while time.thread_time() < end:
        hashlib.sha256(bytes(1 << 20))  # without the interpreter's lock

def f(count=8):
    threads = [threading.Thread(target=burn) for _ in range(count)]
    for each in threads: each.start()
    for each in threads: each.join()

def g():
    f(2)
"""
    backend = run(text)
    assert call(backend, "g") is None
    assert failure(backend).message == "`f` took more than 0.2 CPU-seconds."


def test_what_plots_are_made_with_costs_a_program_neither_memory_nor_time(
    run: Callable[..., SandboxBackend],
) -> None:
    """Catches: an import in each process anew, which takes a second and 30 MiB."""
    pytest.importorskip("matplotlib")
    program = run("import matplotlib.pyplot as plt\ndef two():\n    return plt and 2\n")
    outcome = program.measure(Invocation("m", "two", []))
    assert outcome.value == 2
    assert outcome.peak is not None and outcome.peak < 16 << 20


HIDES = """
import ctypes, re, time

def f(mebibytes):
    unmap = ctypes.CDLL(None).munmap
    unmap.argtypes = ctypes.c_void_p, ctypes.c_size_t
    maps = open("/proc/self/maps").read()
    for start, end in re.findall("^(.*?)-(.*?) r-xp .*openblas", maps, re.M):
        unmap(int(start, 16), int(end, 16) - int(start, 16))  # nothing here calls it
    held = bytearray(b"x") * (mebibytes << 20)
    time.sleep(0.3)
    return len(re.findall("r-xp .*openblas", maps))
"""


def test_no_program_hides_memory_in_the_place_of_a_library(
    run: Callable[..., SandboxBackend],
) -> None:
    """Catches: an address space that has not grown, as it shrank before."""
    outcome = run(HIDES).measure(Invocation("m", "f", [12]))
    if not outcome.value:
        pytest.skip("NumPy's library has another name here")
    assert outcome.peak is not None and outcome.peak >= 12 << 20


LEAVES = """
import ctypes, platform, threading, time

def f():
    threading.Thread(target=time.sleep, args=(1e6,)).start()
    exit = {"x86_64": 60, "aarch64": 93}[platform.machine()]
    ctypes.CDLL(None).syscall(exit, 0)  # of this thread alone
"""


def test_a_program_whose_first_thread_has_ended_is_ended(
    run: Callable[..., SandboxBackend],
) -> None:
    """Catches: memory that grows unseen on a GPU, where it has no other limit than our watch."""
    assert failure(run(LEAVES)).help_id == "crashed"


@pytest.mark.usefixtures("no_wall")
def test_an_answer_that_comes_too_late_does_not_count(run: Callable[..., SandboxBackend]) -> None:
    """Whether it came between two looks at the clock. Catches: a mark that is a matter of luck."""
    backend = run(f"{SPENDS}\ndef f(): spends({CPU + 0.01})\n")
    assert failure(backend).message == "`f` took more than 0.2 CPU-seconds."


SLEEPS = "import time\ndef f(): time.sleep(1e6)\ng = h = f\n"
WAITS = {
    "sleeps": SLEEPS,
    "waits for a lock": """
import threading

def f(lock=threading.Lock()):
    with lock, lock: pass
""",
    "drips": """
import os, stat, time

def f():
    (connection,) = (n for n in range(3, 64) if is_socket(n))
    while True:
        os.write(connection, bytes(1))
        time.sleep(0.1)

def is_socket(n):
    try: return stat.S_ISSOCK(os.fstat(n).st_mode)
    except OSError: return False
""",
}


@pytest.mark.parametrize("kind", WAITS)
def test_what_waits_meets_the_wall(kind: str, run: Callable[..., SandboxBackend]) -> None:
    told = failure(run(WAITS[kind], call=0.1))
    assert told.message == (
        "`f` gave no answer within 0.6 seconds on the wall, and its CPU time was not used up: "
        "it waited."
    )
    assert told.help.startswith("Does it sleep")
    assert told.help_id == "timeout"
    assert "0.6 秒" in render(told.facts, "zh")


@pytest.mark.parametrize("count", [4, 24])
def test_a_busy_machine_takes_nothing_away(
    count: int, run: Callable[..., SandboxBackend], busy: Callable[[int], int]
) -> None:
    """Three fifths of the limit, beside four on one core; or beside so many that the wall comes."""
    backend = run(f"{SPENDS}\ndef f(): spends({CPU * 3 / 5})\n")
    os.sched_setaffinity(backend._child("cpu")._pid, {busy(count)})
    start = time.monotonic()
    assert call(backend) is None
    limit = CPU if count == 4 else CPU * courses.WALL_TIMES
    assert time.monotonic() - start > limit, "the machine was not busy"


@pytest.mark.parametrize(
    ("ready", "computed", "starved"),
    [
        ([5.5], 0.5, True),
        ([0.1, 5.5], 0.5, True),
        ([0.1], 0.5, False),
        ([4.0, 4.0, 4.0], 4.0, False),  # its threads waited for one another
        ([], 0.0, False),  # a kernel that does not say
    ],
)
def test_what_the_kernel_says_of_a_process_without_a_core(
    ready: list[float], computed: float, starved: bool, tmp_path: Path
) -> None:
    """Seconds of six. No program can pass for one that the machine held up."""
    for number, seconds in enumerate(ready):
        (tmp_path / "task" / str(number)).mkdir(parents=True)
        stat = f"{computed * 1e9:.0f} {seconds * 1e9:.0f} 7\n"
        (tmp_path / "task" / str(number) / "schedstat").write_text(stat)
    child = SimpleNamespace(
        _proc=tmp_path, _born=time.monotonic() - 6, cpu_seconds=lambda: computed
    )
    assert Child._starved(child) is starved  # type: ignore[arg-type]


@pytest.fixture
def busy() -> Iterator[Callable[[int], int]]:
    """A core, once so many other processes are busy on it."""
    others: list[subprocess.Popen[bytes]] = []

    def busy(count: int) -> int:
        core = min(os.sched_getaffinity(0))
        spin = f"import os; os.sched_setaffinity(0, [{core}]); print(flush=True)\nwhile True: pass"
        command = [sys.executable, "-S", "-c", spin]
        for _ in range(count):
            others.append(subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True))
        for each in others:
            assert each.stdout
            each.stdout.readline()  # it has started
        return core

    yield busy
    for each in others:
        each.kill()
        each.communicate()


# A unit


@pytest.mark.usefixtures("no_wall")
@pytest.mark.parametrize("end", ["pass", "os._exit(0)"])
def test_a_unit_s_cpu_time_is_that_of_all_its_calls(
    end: str, run: Callable[..., SandboxBackend]
) -> None:
    """Catches: what processes computed that have ended since is forgotten."""
    backend = run(f"import os\n{SPENDS}\ndef f():\n    spends({CPU / 2})\n    {end}\n", unit=0.25)
    told = []
    for _ in range(4):
        try:
            call(backend)
        except Failure as failed:
            told.append(failed.message)
    assert told[-1] == "The unit's 0.25 CPU-seconds were used up before this test."
    assert told[-2].startswith("`f` took more than 0.")


def test_a_unit_s_waiting_ends_too(run: Callable[..., SandboxBackend]) -> None:
    backend = run(SLEEPS, call=0.1, unit=0.2)
    assert "within 0.6 seconds" in failure(backend).message
    assert "it waited" in failure(backend).message
    last = failure(backend, "g").message
    assert last == "The unit's 1.2 seconds on the wall were used up before this test."


# An import


@pytest.fixture
def spawned(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Child]]:
    """The children that a backend is going to make; some stand still, as if waiting for a disk."""
    monkeypatch.setattr(backend_module, "GRACE", 0.0)

    def spawned(backend: SandboxBackend, still: int = 0) -> list[Child]:
        made: list[Child] = []
        spawn = backend._spawn

        def spawning(device: str) -> Child:
            made.append(spawn(device))
            if len(made) <= still:
                made[-1].freeze()
            return made[-1]

        monkeypatch.setattr(backend, "_spawn", spawning)
        return made

    return spawned


def test_an_import_that_the_machine_held_up_is_tried_again(
    run: Callable[..., SandboxBackend], spawned: Callable[..., list[Child]]
) -> None:
    backend = run("def f(): return 7\n", call=0.1)
    made = spawned(backend, still=1)
    assert call(backend) == 7
    assert len(made) == 2


def test_an_import_that_is_held_up_again_is_tried_no_more(
    run: Callable[..., SandboxBackend], spawned: Callable[..., list[Child]]
) -> None:
    backend = run("def f(): return 7\n", call=0.1)
    made = spawned(backend, still=9)
    told = {failure(backend).message for _ in range(3)}
    assert {message.partition(" on the wall")[0] for message in told} == {
        "Importing m.py gave no answer within 1.2 seconds"
    }
    assert len(made) == 2


def test_an_import_that_fails_is_not_tried_again(
    run: Callable[..., SandboxBackend], spawned: Callable[..., list[Child]]
) -> None:
    backend = run("raise ValueError\n")
    made = spawned(backend)
    assert "ValueError" in failure(backend).message
    assert len(made) == 1


# What it costs, and a GPU


def test_a_quick_call_reads_the_clock_once(
    run: Callable[..., SandboxBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a system call of the grader's."""
    backend, read, reads = run("def f(): pass\n", call=60.0), Child.cpu_seconds, []
    call(backend)
    monkeypatch.setattr(Child, "cpu_seconds", lambda child: reads.append(read(child)) or reads[-1])
    call(backend)
    assert len(reads) == 1


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let CUDA start where there is none: what runs then runs on the CPU."""
    monkeypatch.setattr(SandboxBackend, "_start", lambda *_: None)


@pytest.mark.usefixtures("started")
def test_on_a_gpu_the_wall_counts(run: Callable[..., SandboxBackend]) -> None:
    """Its work is charged to no process. (What runs here runs on the CPU.)"""
    backend = run(SLEEPS, unit=0.25)
    assert failure(backend, "f", "cuda").message == "`f` did not finish within 1.2 seconds."
    assert failure(backend, "g", "cuda").message.startswith("`g` did not finish within 0.")
    last = failure(backend, "h", "cuda").message
    assert last == "The unit's 1.5 seconds on the wall were used up before this test."


NO_TENSOR_LEAVES = """
import torch

def to(*_, **__):
    raise RuntimeError("out of memory")

torch.Tensor.to = to

def f(x):
    return x
"""


@pytest.mark.usefixtures("started")
def test_what_a_program_does_to_its_arguments_way_is_its_own(
    run: Callable[..., SandboxBackend],
) -> None:
    """Another program's are brought to the device: so this one's failure is no failure of ours."""
    backend = run(NO_TENSOR_LEAVES)
    with pytest.raises(Failure, match="could not be brought to the device: RuntimeError: out"):
        backend.call(Invocation("m", "f", [torch.ones(2)], device="cuda"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="it does work here")
def test_a_gpu_that_does_not_work_inside_is_no_students_fault(
    run: Callable[..., SandboxBackend], host: WarmHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "device", "cuda")
    backend = run("def f(x): return x\n")
    with pytest.raises(IsolationError, match="CUDA does not start: AssertionError"):
        backend.call(Invocation("m", "f", [torch.ones(2)], device="cuda"))


def test_the_gpus_that_may_be_used_are_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    source = wire.Source("m", "m.py", ["import os\ndef f(): return dict(os.environ)"], False, [])
    with WarmHost([]) as seeing:
        backend = SandboxBackend(lambda _: seeing, "m", [source], Limits())
        found = backend.call(Invocation("m", "f")).value
        backend.close()
    assert found["CUDA_VISIBLE_DEVICES"] == "3"
    assert found.keys() == {"CUDA_VISIBLE_DEVICES", "HOME", "TMPDIR", "USER"}
