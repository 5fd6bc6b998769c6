"""Of a notebook, only what the exercises need is run; of a file, all of it if that works."""

from __future__ import annotations

from types import ModuleType

import pytest

from autograder.sandbox.loader import SubmissionFinder, compile_source
from autograder.sandbox.wire import Source


def run(*cells: str, wanted: str = "f") -> dict[str, object]:
    names: dict[str, object] = {}
    for code in compile_source(Source("unit", "unit.ipynb", list(cells), True, [wanted])):
        exec(code, names)
    return names


def test_scratch_plots_and_training_are_left_alone() -> None:
    names = run(
        "import math\nimport matplotlib_is_not_here as plt",
        "def helper(x):\n    return math.sqrt(x)",
        "1 / 0",
        "for x in range(3):\n    plt.plot(helper(x))\n    raise SystemExit",
        "result = undefined_name",
        "def f(x):\n    return helper(x) + OFFSET",
        "OFFSET = 1\nprint(f(4), result)",
    )
    assert names["f"](4) == 3  # type: ignore[operator]
    assert "plt" not in names
    assert "result" not in names


def test_a_loop_variable_of_the_same_name_as_a_parameter_is_not_needed() -> None:
    assert "radius" not in run("def f(radius):\n    return radius", "for radius in [1]:\n    1 / 0")


def test_the_last_definition_wins_as_in_jupyter() -> None:
    assert run("def f():\n    return 1", "def f():\n    return 2")["f"]() == 2  # type: ignore[operator]


@pytest.mark.parametrize(
    "magic", ["%matplotlib inline", "!pip list", "?f", "f?", "%%bash\nls", "%%time\nx = 1"]
)
def test_magics_are_tolerated(magic: str) -> None:
    names = run(magic, f"{magic}\ndef g():\n    pass", "def f():\n    return 1")
    assert names["f"]() == 1  # type: ignore[operator]


def test_a_magic_beside_a_needed_function() -> None:
    assert run("%matplotlib inline\ndef f():\n    return 1")["f"]() == 1  # type: ignore[operator]


def test_a_percent_sign_inside_an_expression_is_no_magic() -> None:
    assert run("x = (7\n% 4)\ndef f():\n    return x")["f"]() == 3  # type: ignore[operator]


def test_state_that_a_function_uses_is_kept() -> None:
    names = run("cache = {}", "cache['a'] = 2", "def f():\n    return cache['a']")
    assert names["f"]() == 2  # type: ignore[operator]


def test_star_and_future_imports_hold_everywhere() -> None:
    names = run(
        "from __future__ import annotations",
        "from math import *",
        "def f(x: Unknown) -> Unknown:\n    return sqrt(x)",
    )
    assert names["f"](9) == 3  # type: ignore[operator]


def test_an_unreadable_cell_counts_only_if_it_is_needed() -> None:
    assert run("this is not Python", "def f():\n    return 1")["f"]() == 1  # type: ignore[operator]
    with pytest.raises(SyntaxError):
        run("def f(:\n    return 1")


def test_methods_classes_and_decorators_are_followed() -> None:
    names = run(
        "import functools",
        "class Base:\n    def go(self):\n        return table()",
        "@functools.cache\ndef table():\n    return 5",
        "class Thing(Base):\n    pass",
        "def f():\n    return Thing().go()",
    )
    assert names["f"]() == 5  # type: ignore[operator]


def load(text: str, wanted: tuple[str, ...] = ("f",)) -> ModuleType:
    source = Source("unit", "unit.py", [text], False, list(wanted))
    module = ModuleType("unit")
    SubmissionFinder([source]).exec_module(module)
    return module


@pytest.mark.parametrize(
    "rest",
    [
        "import matplotlib_is_not_here.pyplot as plt\nplt.show()",
        "np.save('f.npy', f(1))  # no import of np",
        "import sys\nsys.exit(f(1))",
        "assert f(1) == 0, 'a test of my own'",
    ],
)
def test_what_no_function_needs_cannot_fail_a_file(rest: str) -> None:
    assert load(f"K = 2\n\ndef f(x):\n    return K * x\n\n{rest}\n").f(3) == 6


def test_a_file_is_run_whole_where_it_can_be() -> None:
    module = load("TABLE = []\nTABLE.append(2)\n\ndef f(x):\n    return TABLE[0] * x\n")
    assert module.f(3) == 6 and module.TABLE == [2]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("from not_here import rearrange\n\ndef f(x):\n    return rearrange(x)\n", ImportError),
        ("x = 1 / 0\n\ndef g(x):\n    return x\n", ZeroDivisionError),  # no f at all
        ("K = 1 / 0\n\ndef f(x):\n    return K\n", ZeroDivisionError),
    ],
)
def test_what_a_function_needs_still_fails_the_file(text: str, error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        load(text)
    assert caught.traceback[-1].lineno == 0  # of the whole file: what the student would see


def test_a_helper_file_is_all_or_nothing() -> None:
    with pytest.raises(NameError):
        load("from __future__ import annotations\nundefined\n", wanted=())
