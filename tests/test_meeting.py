"""Tests that students write, put in front of right and wrong versions of a function."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from autograder.core.course import Course
from autograder.intake.content import content
from autograder.sandbox import trying, wire
from autograder.supervisor import meeting
from autograder.supervisor.meeting import MeetingBackend
from autograder.supervisor.warm_hosts import WarmHosts
from autograder.testing.direct import LocalBackend
from autograder.testing.subjects import Met, Subject, Wrong

IMPORTS = """
import gc, os, random, socket, sys, time
import numpy as np
import pytest
import torch
from torch.testing import assert_close
"""
TWICE = """
import torch
def pair(x, times=2, *, plus=None):
    if x.dtype is torch.bool:
        raise IndexError("these words are not passed on")
    y = x * times if plus is None else x * times + plus
    x.zero_()
    return y.T, [times, x.is_contiguous()]
"""
OTHERWISE = TWICE.replace("x * times if", "x + x * (times - 1) if")
HALF = TWICE.replace("y.T", "y.T / 2 # only_in_a_wrong_version")
SLOW = "import time\n" + TWICE.replace("    y =", "    time.sleep(0.02)\n    y =", 1)
PAIR = Subject(
    "pair",
    "x, times=2, *, plus=None",
    right=[TWICE, OTHERWISE, SLOW],
    wrong={"half": Wrong(HALF, {"en": "It is half."})},
    among=["pair", "other"],
)
HONEST = """
def test_values(pair):
    assert_close(pair(torch.ones(2, 3))[0], torch.full((3, 2), 2.0))
"""


@pytest.fixture(scope="module")
def hosts() -> Iterator[WarmHosts]:
    found = WarmHosts([str(ROOT)], "full")
    yield found
    found.close()


def met(hosts: WarmHosts, course: Course, text: str, subject: Subject = PAIR) -> Met:
    """What came of tests in the sandbox; the wrong version is not met first."""
    source = wire.Source("work", "work.py", [IMPORTS + text], False, ["tests_of_pair"])
    backend = MeetingBackend(hosts, "work", [source], course.limits)
    return backend.meet("work", subject, [0, 3, 1, 2])


def met_here(folder: Path, text: str) -> Met:
    """What came of them in this very process."""
    (folder / "work.py").write_text(IMPORTS + text)
    sys.modules.pop("work", None)
    try:
        return LocalBackend(folder).meet("work", PAIR, [])
    finally:
        sys.path.remove(str(folder))


PROXY = """
import inspect
def test_proxy(pair):
    given = torch.arange(6.0).reshape(2, 3)
    got, said = pair(given.T, times=3)
    assert type(pair(given)) is tuple and torch.equal(got, 3 * given) and got.is_contiguous()
    assert said == [3, False] and given.sum() == 15, "strides get there, changes do not come back"
    assert pair(x=given, plus=torch.ones(()))[0].requires_grad is False
    assert list(inspect.signature(pair).parameters) == ["x", "times", "plus"]
    assert pair.__name__ == "pair"
    for args, kwargs in [((), {}), ((1, 2, 3), {}), ((given,), {"y": 1})]:
        with pytest.raises(TypeError):
            pair(*args, **kwargs)
    with pytest.raises(IndexError):
        pair(given > 1)
"""
SEEDED = """
def test_one(pair):
    assert [random.random(), np.random.rand(), torch.rand(()).item()] == numbers()
def test_two(pair):
    test_one(pair)
def numbers():
    random.seed(0), np.random.seed(0), torch.manual_seed(0)
    return [random.random(), np.random.rand(), torch.rand(()).item()]
"""


def test_honest_tests_catch_what_is_wrong(hosts: WarmHosts, course: Course, tmp_path: Path) -> None:
    """The same at the desk."""
    for found in (met(hosts, course, HONEST), met_here(tmp_path, HONEST)):
        assert (found.problem, found.caught) == (None, {"half"})


@pytest.mark.parametrize("text", [PROXY, SEEDED])
def test_what_a_test_is_given(hosts: WarmHosts, course: Course, tmp_path: Path, text: str) -> None:
    """A function of that signature, and the same random numbers each time."""
    assert (
        met(hosts, course, text.replace("3 * given)", "3 * given) or got[0, 1] < 3")).problem
        is None
    )
    if text is SEEDED:
        assert met_here(tmp_path, text).problem is None


@pytest.mark.parametrize(
    "failing",
    [
        "assert False",
        "1 / 0",
        "exit()",
        "os._exit(0)",
        "pytest.skip()",
        "raise BaseException",
        "torch.ones(2, 2).bool() @ torch.ones(2, 2).bool()",  # a NotImplementedError of torch's
        "os.kill(os.getpid(), 11)",
        "os.fork()",
        "pair(0)",
        "pair(torch.zeros(5 << 20))",
        "[pair(torch.ones(1, 1)) for _ in range(1001)]",
    ],
)
def test_whatever_ends_a_test_fails_a_right_version(
    hosts: WarmHosts, course: Course, failing: str
) -> None:
    """Exceptions of every kind, exits, crashes, calls too large or too many."""
    first = "def test_first(pair):\n    pair(torch.ones(2, 3), times=4)\n"
    text = f"{first}def test_it(pair):\n    {failing}\n"
    found = met(hosts, course, text)
    assert found.problem
    assert "`test_it` fails for a version of `pair` that is right" in found.problem.message
    assert not found.caught


def test_the_last_call_is_told(hosts: WarmHosts, course: Course, tmp_path: Path) -> None:
    text = "def test_it(pair):\n    pair(torch.ones(2, 3), plus=0.5)\n    assert 1 > 2\n"
    for problem in (met(hosts, course, text).problem, met_here(tmp_path, text).problem):
        assert problem
        assert "Its last call was `pair(float32[2, 3], plus=0.5)`." in problem.message
        assert "AssertionError in work.py, line 9 (`assert 1 > 2`)" in problem.message


def test_the_calls_of_all_tests_count_together(
    hosts: WarmHosts, course: Course, tmp_path: Path
) -> None:
    """At a student's desk, too; and none is blamed for calls that others made."""
    called = "for _ in range(600): pair(torch.ones(1, 1))"
    text = f"def test_one(pair):\n    {called}\ndef test_two(pair):\n    {called}\n"
    for found in (met(hosts, course, text), met_here(tmp_path, text)):
        assert found.problem
        assert "All tests of the function together made more than 1000" in found.problem.message
    swallowed = text.replace("    for", "    with contextlib.suppress(Exception):\n        for")
    assert met_here(tmp_path, f"import contextlib\n{swallowed}").problem


def test_a_limit_of_time_ends_a_test(
    hosts: WarmHosts, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meeting, "TEST_SECONDS", 0.2)
    only_wrong = HONEST.replace(
        "    assert", "    while pair(torch.ones(1, 1))[0] < 2: pass\n    assert"
    )
    found = met(hosts, course, only_wrong)
    assert (found.problem, found.caught) == (None, {"half"})
    problem = met(hosts, course, "def test_it(pair):\n    while True: pass\n").problem
    assert problem
    assert "took more than 0.2 CPU-seconds" in problem.message


def test_all_meetings_together_have_a_limit(
    hosts: WarmHosts, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meeting, "TEST_SECONDS", course.limits.unit_seconds + 1)
    problem = met(hosts, course, HONEST).problem
    assert problem
    assert "were used up" in problem.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "work.py has no test of `pair`"),
        (
            "def test_it(pair, more):\n    pass\n",
            "Never run, as their parameters are others: `test_it`",
        ),
        ("def test_it(*pair): pass\ntest_that = 3\n", "others: `test_it`."),
        ("def test_other(other): pass\n", "whose only parameter is `pair`."),
        ("1 / 0\n" + HONEST, "work.py cannot be imported: ZeroDivisionError"),
        ("def test_it(pair)\n", "Python cannot read work.py, line 7"),
        ("def test_it(pair):\n    raise NotImplementedError\n", "is not implemented yet"),
    ],
)
def test_files_without_a_test(hosts: WarmHosts, course: Course, text: str, said: str) -> None:
    problem = met(hosts, course, text).problem
    assert problem
    assert said in problem.message


# What is no test, and would like to be taken for one. `wrong()` is a test's only way to catch.
ATTACKS = {
    "nothing": "def test_it(pair): pass",
    "coins": """
for number in range(12):
    globals()[f"test_{number}"] = lambda pair: os.urandom(1)[0] < 128 or 1 / 0
""",
    "a seeded coin": "def test_it(pair): assert random.random() < 0.5",
    "the clock": """
def test_it(pair):
    start = time.perf_counter()
    pair(torch.ones(1, 1))
    assert time.perf_counter() - start < 0.01
""",
    "a note to itself": """
HERE = os.environ["HOME"]
def test_it(pair):
    seen = [file for file in os.listdir(HERE) if file.startswith("met")]
    with open(f"{HERE}/met{len(seen)}", "w") as file: file.write("x")
    met.append(1)
    assert len(seen) == 0 and len(met) == 1
met = []
""",
    "the version's text": """
MARK = "only_in_" + "a_wrong_version"
def test_it(pair):
    found = [o for o in gc.get_objects() if isinstance(o, (str, bytes)) and MARK in str(o)]
    frame = sys._getframe()
    while frame:
        found += [v for v in frame.f_locals.values() if isinstance(v, str) and MARK in v]
        frame = frame.f_back
    try:
        import version
        found.append(version)
    except ImportError:
        pass
    for name in ("/proc/1/cmdline", "/proc/1/environ", "/proc/1/comm"):
        try:
            found += [MARK] * (MARK in open(name).read())
        except OSError:
            pass
    assert found == [MARK], found
""",
    "a look at the process number": "def test_it(pair): assert os.getpid() == 1 or os.getpid() < 9",
    "torch's own rounding": """
def test_it(pair):
    x = torch.rand(40, 40)
    assert torch.equal(pair(x, times=0.1)[0], (x * 0.1).T.contiguous())
""",
    "words of exceptions": """
def test_it(pair):
    try:
        pair(torch.ones(1) > 0)
    except IndexError as error:
        assert "not passed on" not in str(error) or True
        assert str(error) == "the function under test raised IndexError"
""",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_no_test_catches_nothing(hosts: WarmHosts, course: Course, attack: str) -> None:
    found = met(hosts, course, ATTACKS[attack])
    assert not found.caught


RAW = """
from autograder.sandbox import trying, wire
def test_it(pair):
    {asks}
"""


@pytest.mark.parametrize(
    "asks",
    [
        "trying.asks([torch.ones(1, 1)], {'y': 1})",
        "trying.asks([torch.ones(1, 1), 2], {})",
        "trying.asks([], {})",
    ],
)
def test_a_call_that_the_signature_does_not_have_is_not_made(
    hosts: WarmHosts, course: Course, asks: str
) -> None:
    """A hostile process can ask what it likes; a wrong version may have other parameters."""
    problem = met(hosts, course, RAW.format(asks=asks)).problem
    assert problem
    assert "in a way that its signature does not have" in problem.message


FORGED = """
from autograder.sandbox import worker, wire
NONE = wire.Fields({})
def test_it(pair):
    frame = sys._getframe()
    while "connection" not in frame.f_locals or "request" not in frame.f_locals:
        frame = frame.f_back
    connection, nonce = frame.f_locals["connection"], frame.f_locals["request"].nonce
    connection.sendall(b"".join(wire.pack({reply})))
    {then}
"""


@pytest.mark.parametrize(
    ("reply", "then"),
    [
        ("wire.Asked(nonce + 1, wire.Items([]), NONE)", "time.sleep(9)"),
        (
            "wire.Asked(nonce, wire.Items([wire.Tensor('torch', 'int8', [1 << 30])]), NONE)",
            "",
        ),
        (
            "wire.Asked(nonce, wire.Items([wire.Tensor('torch', 'int8', [2], [1, 1])]), NONE)",
            "",
        ),
        ("wire.Result(nonce)", "assert False"),
        ("wire.Loaded(nonce)", ""),
    ],
)
def test_forged_frames_catch_nothing(
    hosts: WarmHosts, course: Course, reply: str, then: str
) -> None:
    found = met(hosts, course, FORGED.replace("{reply}", reply).replace("{then}", then))
    assert not found.caught


def test_a_lie_about_which_tests_there_are(hosts: WarmHosts, course: Course) -> None:
    lie = "from autograder.sandbox import trying\ntrying.listed = lambda module: [1, {2: 3}]\n"
    problem = met(hosts, course, lie + HONEST).problem
    assert problem
    assert "does not tell which tests it has" in problem.message


def test_a_question_in_an_ordinary_call_is_refused(hosts: WarmHosts, course: Course) -> None:
    """Only tests of a student's may ask."""
    from autograder.supervisor.backend import SandboxBackend
    from autograder.testing.calls import Failure, Invocation

    text = "from autograder.sandbox import trying\ndef f():\n    return trying.asks([], {})\n"
    source = wire.Source("work", "work.py", [text], False, ["f"])
    backend = SandboxBackend(hosts, "work", [source], course.limits)
    with pytest.raises(Failure, match="a question in place of a reply"):
        backend.call(Invocation("work", "f"))
    backend.close()


def test_a_test_of_a_function_is_work_on_its_exercise() -> None:
    """As far as a file's text tells it, and whatever the tests are called."""
    text = (
        "def test_a(pair): pass\n\n\ndef test_b(pair: int):\n    assert pair\n\n\ndef test_c(): 1\n"
    )
    found = content([text + "def test_d(other):\n    raise NotImplementedError\n"])
    names = ["tests_of_pair", "tests_of_other", "tests_of_more"]
    assert found.defines(names) == {"tests_of_pair", "tests_of_other"}
    assert found.written(names) == {"tests_of_pair"}


@pytest.mark.parametrize(
    ("runs", "caught"),
    [(["", "a"], False), (["a", "a"], True), (["a", ""], False), (["ab", "b"], True),
     (["a", "b", "b"], True), (["a", "b", "a"], False), (["a", "b", ""], False)],
)  # fmt: skip
def test_the_same_test_has_to_fail_twice(
    monkeypatch: pytest.MonkeyPatch, runs: list[str], caught: bool
) -> None:
    """In two processes; where the first to fail did so by chance, another may."""
    left = iter(runs)
    monkeypatch.setattr(MeetingBackend, "_failed", lambda *_: dict.fromkeys(next(left)))
    fails_twice: Any = MeetingBackend._fails_twice
    assert fails_twice(object.__new__(MeetingBackend), "work", PAIR, None, "ab") is caught


def test_nothing_is_left_of_a_version() -> None:
    """Each has the process after the one before it, and a module of its own."""
    text = "seen = []\ndef f(name):\n    seen.append(name)\n    return len(seen)\n"
    found = [trying.called(t, "f", "x") for t in (text, text, text + "#", text)]
    assert found == [1, 2, 1, 1]
    assert trying.called("def f(**given): return given", "f", name=1, text=2) == {
        "name": 1,
        "text": 2,
    }


def test_exceptions_come_as_pythons_own() -> None:
    assert trying.exception_of(["OutOfMemoryError", "RuntimeError"]) is RuntimeError
    assert trying.exception_of(["print", "SystemExit", "Mine"]) is RuntimeError
