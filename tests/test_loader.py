"""A notebook is run as it stands, statement by statement; a file whole, if that works."""

from __future__ import annotations

import builtins
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import torch

from autograder.sandbox import loading
from autograder.sandbox.loader import SubmissionFinder
from autograder.sandbox.torch_state import Uncompiled, restored
from autograder.sandbox.wire import Lost, Position, Source

FAST = 0.2  # CPU seconds: what these tests wait for a statement


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """What a load leaves in its process, which is not meant to live on."""
    modules, finders, names = dict(sys.modules), list(sys.meta_path), dict(vars(builtins))
    signals = {number: signal.getsignal(number) for number in (signal.SIGPROF, signal.SIGALRM)}
    yield
    sys.meta_path[:] = finders
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]
    sys.modules.update(modules)
    for name in set(vars(builtins)) - set(names):
        delattr(builtins, name)
    for number, handler in signals.items():
        signal.signal(number, handler)


class Loaded:
    """A submission whose file `unit` is loaded, and that asks for `f`."""

    def __init__(
        self, *sources: Source, skip: tuple[Position, ...] = (), seconds: float = FAST
    ) -> None:
        self.finder = SubmissionFinder(sources, skip, seconds, 10 * seconds)
        self.finder.install()
        self.stopped = self.finder.load(sources[0].module)
        self.names: dict[str, Any] = vars(sys.modules[sources[0].module])

    def lost(self, name: str) -> Lost | None:
        return self.finder.lost(name, self.names)


def notebook(*cells: str, wanted: str = "f") -> Source:
    return Source("unit", "unit.ipynb", list(cells), True, wanted.split())


def file(text: str, name: str = "unit", wanted: str = "f") -> Source:
    return Source(
        name.removesuffix(".__init__"),
        f"{name.replace('.', '/')}.py",
        [text],
        False,
        wanted.split(),
    )


def run(*cells: str) -> dict[str, Any]:
    return Loaded(notebook(*cells)).names


def test_what_fails_costs_the_names_that_it_binds_and_nothing_else() -> None:
    names = run(
        "import math\nimport not_here as plt",
        "def helper(x):\n    return math.sqrt(x)",
        "1 / 0",
        "for x in range(3):\n    plt.plot(helper(x))\n    raise SystemExit",
        "result = undefined_name",
        "def f(x):\n    return helper(x) + OFFSET",
        "OFFSET = 1\nprint(f(4), result)\nAFTER = 2",
    )
    assert names["f"](4) == 3
    assert names["AFTER"] == 2
    assert not {"plt", "result"} & names.keys()


def test_what_changes_things_counts() -> None:
    names = run(
        "class Box:\n    pass\nbox, table, steps = Box(), {}, []",
        "setattr(box, 'a', 1)\nsteps.append(2)",
        "for i in range(3):\n    table[i] = i * i",
        "def register(g):\n    table[g.__name__] = g",
        "@register\ndef helper():\n    return 5",
        "def f():\n    return box.a, steps, table[2], table['helper']()",
    )
    assert names["f"]() == (1, [2], 4, 5)


def test_the_last_definition_wins_and_no_binding_before_it_does_harm() -> None:
    names = run("f = width * 2", "def f():\n    return 1", "def f():\n    return 2")
    assert names["f"]() == 2


@pytest.mark.parametrize("later", ["for f in (1, 2):\n    pass", "g, f = 1, 2.0", "f = None"])
def test_a_name_that_is_asked_for_means_the_last_function_that_bore_it(later: str) -> None:
    names = run("def f():\n    return 1", "def g():\n    return f()", later, "def h(): return f()")
    assert names["f"]() == names["h"]() == 1


@pytest.mark.parametrize(
    "cell",
    [
        "%matplotlib inline",
        "!pip list",
        "?f",
        "f?",
        "%%bash\nls",
        "%%html\n<b>x</b>",
        "if True:\n    !ls",
        "for i in range(2):\n    %timeit f()",
        "!ls \\\n  -l",
        "%load_ext autoreload\n%autoreload 2",
        "t = %timeit -o -n1 f()",
        "import math  # is it needed, or not?",
        "x = (7\n% 4)",
        "text = '''\n%time\n!ls\n'''",
        "display(3)\nget_ipython().run_line_magic('matplotlib', 'inline')",
        "this is no Python",
        "    def indented():\n        pass",
        ">>> y = 1\n>>> z = 2",
    ],
)
def test_what_only_ipython_reads_costs_nothing(cell: str) -> None:
    names = run(
        cell,
        f"{cell}\nAFTER = 1" if cell[:2] not in ("%%", "  ", "th") else "AFTER = 1",
        "def f():\n    return 1",
    )
    assert names["f"]() == names["AFTER"] == 1


def test_magics_and_commands_bind_none_and_nothing() -> None:
    names = run("a = %timeit -o f()\nb = !ls\nc = %pwd\nd = get_ipython().anything(1)")
    assert (names["a"], names["b"], names["c"], names["d"]) == (None, [], None, None)


def test_cell_magics_that_run_their_cell() -> None:
    names = run(
        "%%time\n\ndef f():\n    return A",
        "\n%%capture out\nA = 1\n!ls",
        "%%timeit\nB = A\nseen.append(B)",
        "seen = []",
        "%%timeit -n1\nB = A\nseen.append(B)",
        "%time C = 3",
    )
    assert names["f"]() == 1 and names["C"] == 3
    assert names["seen"] == [1] and "B" not in names, "once, in names of its own"


def test_cell_magics_one_below_the_other_and_of_extensions_that_measure() -> None:
    names = run("%%capture\n\n%%time\nA = 1\n\ndef f(): return 1 / 0", "%%memit -r 1\nB = 2")
    assert (names["A"], names["B"]) == (1, 2)
    assert names["f"].__code__.co_firstlineno == 6


# What a notebook does to get a K that is 3, where helper.py makes it of J.
HELPER = "%%writefile helper.py\nK = J + 1"
GETS_K = [
    ["J = 2", HELPER, "%run -i helper.py"],
    ["%%writefile helper.py\nK = 3", "%run -n 'helper.py' --size 4"],
    ["%%writefile helper.py\nK = 3", "run helper.py"],
    ["%%writefile helper.py\nJ = 2", HELPER.replace("file ", "file -a "), "from helper import K"],
    ["%%file helper.py\nJ = 2\n", HELPER + "\n", "import helper", "K = 3"],
    ["%%writefile \"my.py\"\nK = 3", "import my\nK = my.K"],
    ["%%writefile src/my.py\nK = 3", "from src.my import K"],
    ["%%writefile src\\my.py\nK = 3", "from src.my import K"],
    ["%%writefile /content/src/my.py\nK = 3", "from my import K"],
    ["%%writefile src/__init__.py\nfrom .my import K", "%%writefile src/my.py\nK = 3",
     "from src import K"],
    ["%%writefile my.py\nK = 2", "%autoreload 2\nimport my", "%%writefile my.py\nK = 3",
     "K = my.K"],
    ["%%writefile my.py\nK = 2", "import my", "%%writefile my.py\nK = 3",
     "import importlib\nimportlib.reload(my)\nK = my.K"],
    ["%%writefile my.py\nK = 2", "%run my.py", "%%writefile my.py\nK = 3", "%run my.py"],
    ["from IPython import get_ipython", "%%writefile my.py\nK = 3", "%run my.py"],
    ["%%writefile my.py\nK = 3", "%run my.py  # it's mine"],
    ["%%writefile my.py\nK = 3", "%%writefile my.json\n{\"K\": true}", "from my import K"],
    ["import IPython\nIPython.get_ipython().run_cell('K = 3')"],
    ["get_ipython().run_cell_magic('time', '', 'K = 3\\n')"],
    ["get_ipython().ex('K = 3')"],
    ["get_ipython().push({'K': 3})"],
    ["K = %time 1 + 2"],
    ["ip = get_ipython()\nip.events.register('post_execute', print)\nK = 3"],
]  # fmt: skip


@pytest.mark.parametrize("cells", GETS_K, ids=range(len(GETS_K)))
def test_what_ipython_does_with_names_and_files_is_done(cells: list[str]) -> None:
    assert run(*cells, "def f(): return K")["f"]() == 3


def test_a_cell_that_nobody_reads_is_no_star_import() -> None:
    loaded = Loaded(notebook("this is no Python", "def f(): return missing"))
    assert loaded.lost("missing") is None


def test_a_written_file_is_a_module() -> None:
    names = run(
        "%%writefile helper.py\nK = 3",
        "import helper\n%run helper.py",
        "def f():\n    return helper.K + K",
    )
    assert names["f"]() == 6


@pytest.mark.parametrize("file", ["./lib/helper.py", "lib/helper.ipynb", "/content/lib/helper.py"])
def test_a_file_below_is_run_by_its_path(file: str) -> None:
    """As an import would name it, or, where no import does, by its name alone."""
    helper = Source("lib.helper", file, ["K = 3"], file.endswith("ipynb"), [])
    assert Loaded(notebook(f"%run {file}", "def f(): return K"), helper).names["f"]() == 3


def test_a_notebook_may_write_a_file_of_its_own_name() -> None:
    own = run("%%writefile unit.py\ndef f():\n    return 7", "from unit import *", "G = 1")
    assert own["f"]() == 7 and own["G"] == 1, "the notebook itself is what was asked for"


def test_a_notebook_is_the_program_and_what_it_imports_a_module() -> None:
    loaded = Loaded(
        notebook(
            "import helper\nNAME = __name__\nif __name__ == '__main__':\n    K = 2",
            "def f():\n    return K",
        ),
        file("NAME = __name__", "helper", ""),
    )
    assert loaded.names["f"]() == 2
    assert (loaded.names["NAME"], loaded.names["helper"].NAME) == ("__main__", "helper")


def test_an_earlier_units_notebook_is_imported_with_its_constants() -> None:
    earlier = Source(
        "earlier", "earlier.ipynb", ["K = 2\n1 / 0", "def g(): return K", "g = 3"], True, ["g"]
    )
    assert Loaded(notebook("from earlier import g", "f = g"), earlier).names["f"]() == 2


def test_the_courses_own_module_does_nothing() -> None:
    names = run(
        "import lesson",
        "params, words = lesson.parameters('x'), lesson.vocabulary('y')",
        "ids = [words[w] for w in 'ab']",
        "%%experiment\nplotted = 1",
        "def f():\n    return params",
    )
    assert names["f"]() is None and "plotted" not in names


def test_packages_with_and_without_an_init() -> None:
    loaded = Loaded(
        notebook(
            "from tools.maths import twice\nfrom plain.deep import ops\nimport tools",
            "def f(): return twice(ops.K), tools.N",
        ),
        file("from .maths import twice\nN = 1", "tools.__init__", ""),
        file("from . import __name__ as above\ndef twice(x): return 2 * x", "tools.maths", ""),
        file("K = 4", "plain.deep.ops", ""),
    )
    assert loaded.names["f"]() == (8, 1)


def test_a_program_may_be_as_deep_as_python_compiles() -> None:
    """Which is deeper than a tree of it may be."""
    deep = f"N = 1\nK = {'+'.join(['N'] * 1500)}\n"
    unit = file(f"from helper import K\n{deep}def f(): return K")
    loaded = Loaded(unit, file(deep, "helper", ""))
    assert loaded.names["f"]() == 1500


def test_waiting_at_the_top_level() -> None:
    names = run(
        "import asyncio\nasync def two():\n    await asyncio.sleep(0)\n    return 2",
        "K = await two()",
        "def f():\n    return K",
    )
    assert names["f"]() == 2


def test_a_shared_import_line_costs_the_missing_name_only() -> None:
    names = run("import math, not_here, json as j\nfrom math import sqrt, no_such, pi")
    assert {"math", "j", "sqrt", "pi"} <= names.keys()


def test_future_imports_hold_in_later_cells() -> None:
    names = run("from __future__ import annotations", "def f(x: Unknown) -> Unknown:\n    return x")
    assert names["f"](9) == 9


@pytest.mark.parametrize(
    "slow",
    [
        "while True:\n    pass",
        "import time\ntime.sleep(60)",
        "try:\n    while True: pass\nexcept Exception:\n    pass",
        "try:\n    while True: pass\nexcept BaseException:\n    while True: pass",
    ],
)
def test_what_takes_too_long_is_stopped_and_then_skipped(slow: str) -> None:
    cells = [f"{slow}", "def f():\n    return 1"]
    loaded = Loaded(notebook(*cells))
    assert loaded.names["f"]() == 1 and len(loaded.stopped) == 1
    start = time.process_time()
    again = Loaded(notebook(*cells), skip=tuple(loaded.stopped))
    assert again.names["f"]() == 1 and not again.stopped
    assert time.process_time() - start < FAST


def test_the_shell_is_that_of_the_notebook_that_goes_on() -> None:
    cells = ["first = get_ipython()", "import other", "def f(): return first is get_ipython()"]
    inner = Source("other", "other.ipynb", ["mine = get_ipython()"], True, ["g"])
    assert Loaded(notebook(*cells), inner).names["f"]()


def test_an_import_has_the_time_of_what_it_imports() -> None:
    """The statement that imports another notebook is not stopped when one of that notebook's is."""
    other = Source(
        "other", "other.ipynb", ["while True: pass", "while True: pass", "K = 1"], True, ["g"]
    )
    loaded = Loaded(notebook("from other import K", "def f(): return K"), other)
    assert loaded.names["f"]() == 1 and loaded.stopped == [(1, 1), (1, 2)]


@pytest.mark.parametrize(
    "rest",
    [
        "import not_here.pyplot as plt\nplt.show()",
        "np.save('f.npy', f(1))  # no import of np",
        "import sys\nsys.exit(f(1))",
        "assert f(1) == 0, 'a test of my own'",
        "while True: pass",
        "for f in range(3): pass",
    ],
)
def test_what_fails_at_the_end_of_a_file_costs_nothing(rest: str) -> None:
    names = Loaded(file(f"K = []\nK.append(2)\n\ndef f(x):\n    return K[0] * x\n\n{rest}\n")).names
    assert names["f"](3) == 6 and names["K"] == [2], "afresh: not appended to twice"


def test_a_file_that_can_be_run_whole_is_run_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(loading, "statements")
    assert Loaded(file("import sys\ndef f():\n    return __name__\n")).names["f"]() == "unit"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import not_here\n\ndef g(x):\n    return x\n", ImportError),
        ("x = 1 / 0\n", ZeroDivisionError),
        ("def f(:\n    return 1\n", SyntaxError),
    ],
)
def test_a_file_without_a_function_fails_as_in_python(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Loaded(file(text))


def test_a_helper_file_is_all_or_nothing() -> None:
    loaded = Loaded(notebook("import helper\nhelper.K"), file("K = 1\nundefined\n", "helper", ""))
    assert "helper" not in loaded.names


def test_the_first_failure_is_what_is_told() -> None:
    loaded = Loaded(
        notebook(
            "import not_here as nh",
            "width = nh.width()\nother = 1 / 0",
            "scale = 2 * width",
            "def f():\n    return scale",
            "from not_there import *",
        )
    )
    lost = loaded.lost("scale")
    assert lost and (lost.name, lost.error) == ("nh", "ModuleNotFoundError")
    assert (lost.frame.file, lost.frame.line) == ("unit.ipynb, code cell 1", 1)
    assert lost.frame.text == "import not_here as nh"
    star = loaded.lost("anything")
    assert star and star.frame.text == "from not_there import *"
    assert loaded.finder.lost("scale", {}) is None, "another module's"


def test_a_cell_that_cannot_be_read_is_told_by_its_function() -> None:
    lost = Loaded(notebook("import math", "\n\ndef f(:\n    return 1")).lost("f")
    assert lost and (lost.error, lost.frame.line, lost.frame.text) == ("SyntaxError", 3, "def f(:")


def test_an_exception_that_cannot_be_described() -> None:
    cell = "class E(Exception):\n    def __str__(self): raise self\nx = 0\n"
    lost = Loaded(
        notebook(cell, "y = [].__class__.pop(x) if not E else (_ for _ in ()).throw(E())")
    ).lost("y")
    assert lost and lost.error == "Exception"


def test_torchs_state_is_as_before() -> None:
    """Whatever was drawn before."""
    torch.rand(1)
    state = torch.get_rng_state()
    before = torch.rand(3)
    torch.set_rng_state(state)
    with restored():
        torch.manual_seed(1)
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        torch.set_grad_enabled(False)
        torch.autograd.set_detect_anomaly(True)
        torch.set_float32_matmul_precision("medium")
        threads = torch.get_num_threads()
        torch.set_num_threads(threads + 1)
    assert torch.ones(1).dtype == torch.float32 and torch.ones(1).device.type == "cpu"
    assert torch.is_grad_enabled() and not torch.is_anomaly_enabled()
    assert torch.get_num_threads() == threads
    assert torch.get_float32_matmul_precision() == "highest"
    assert torch.equal(torch.rand(3), before)


def test_functions_are_handed_back_uncompiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", torch.compile)
    monkeypatch.setattr(torch.nn.Module, "compile", torch.nn.Module.compile)
    uncompiled = Uncompiled()
    uncompiled.install()
    layer = torch.nn.Linear(1, 1)
    assert not uncompiled.asked
    assert torch.compile(len) is len and torch.compile(mode="max-autotune")(len) is len
    assert torch.compile(layer, fullgraph=True) is layer and layer.compile() is None
    assert uncompiled.asked
