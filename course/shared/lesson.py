"""What the notebooks of this course share.

`import lesson` lets a notebook import the functions that you wrote: from ../exercises, where the
course is a folder of files; else from an earlier unit's notebook, ../attention/attention.ipynb.
It also knows `%%experiment`, the first line of a cell that plots, measures or trains: such a cell
runs here, but neither where your work is graded nor where another notebook imports this one.
`%%predict` is the same for cells that ask you first and compare afterwards.

`lesson.check(softmax)` runs the public tests of that exercise on your function, as it is now;
`lesson.hint(softmax)` gives a hint. Where your work is graded both do nothing.
"""

import ast
import contextlib
import importlib.abc
import importlib.util
import json
import linecache
import os
import re
import signal
import sys
import threading
import warnings
from pathlib import Path

from IPython import get_ipython
from IPython.core.inputtransformer2 import TransformerManager
from IPython.utils.capture import capture_output

HERE = Path(__file__).resolve().parent
FILES = HERE.parent / "exercises"  # where students write, if the course is a folder of files
PARAMETERS = HERE.parent / "course" / "parameters"
SECONDS = 5  # of computing: what one statement of an imported notebook may take, as in grading
FONTS = [  # one of them is on most machines; the first that is found measures Chinese in plots
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "PingFang SC", "Hiragino Sans GB",
    "Microsoft YaHei", "SimHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Arial Unicode MS",
]  # fmt: skip


class Notebooks(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds an earlier unit's notebook, and runs it from top to bottom; magics do nothing."""

    def find_spec(self, fullname, path=None, target=None):
        """See importlib."""
        for folder in (HERE, HERE.parent / fullname):
            file = folder / f"{fullname}.ipynb"
            if file.is_file():
                return importlib.util.spec_from_loader(fullname, self, origin=str(file))
        return None

    def exec_module(self, module):
        """See importlib. As in grading, a statement that fails or takes too long is left out."""
        module.__file__ = module.__spec__.origin
        names, functions, left_out = vars(module), {}, []
        names["get_ipython"] = Nothing
        notebook = json.loads(Path(module.__file__).read_text(encoding="utf-8"))
        with capture_output(), no_pictures():
            for place, line, code in statements(notebook["cells"], module.__file__):
                try:
                    with limited():
                        exec(code(), names)
                except BaseException as error:
                    left_out.append(f"{place}, line {line}: {type(error).__name__}: {error}")
                functions |= {name: f for name, f in names.items() if type(f) is type(statements)}
        # What a loop or the like has taken a function's name for.
        names.update({name: f for name, f in functions.items() if not callable(names.get(name))})
        if left_out:
            print("Left out:", *left_out, sep="\n  ")


class Nothing:
    """What `get_ipython()` is to a notebook that is imported."""

    def getoutput(self, *_):
        """Run no command."""
        return []

    def __getattr__(self, name):
        return lambda *_, **__: None


class TooLong(BaseException):
    """A statement took more than SECONDS."""


def statements(cells, file):
    """Where each top-level statement of a notebook stands, and a function that compiles it."""
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        text = re.sub(r"\A\s*%%(time|capture)\b.*", "", "".join(cell["source"]))
        text, place = TransformerManager().transform_cell(text), f"{file}, cell {number}"
        linecache.cache[place] = (len(text), None, text.splitlines(keepends=True), place)
        try:
            body = ast.parse(text).body
        except SyntaxError:
            body = [text]
        for node in body:
            tree = node if isinstance(node, str) else ast.Module([node], [])
            line = getattr(node, "lineno", 1)
            yield place, line, lambda tree=tree, place=place: compile(tree, place, "exec")


@contextlib.contextmanager
def limited():
    """Stop what takes more than SECONDS of computing, where the system has a clock for that."""
    if not hasattr(signal, "setitimer") or threading.current_thread() != threading.main_thread():
        yield
        return

    def stop(*_):
        raise TooLong(f"more than {SECONDS} seconds of computing")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextlib.contextmanager
def no_pictures():
    """Close the figures that are opened meanwhile, before Jupyter shows them."""
    before = set(_figures())
    try:
        yield
    finally:
        for number in set(_figures()) - before:
            sys.modules["matplotlib.pyplot"].close(number)


def _figures():
    return getattr(sys.modules.get("matplotlib.pyplot"), "get_fignums", list)()


def check(function):
    """Run the public tests of an exercise on the function as it is now: `lesson.check(softmax)`."""
    from autograder.local import live

    live.check(function, _course_here())


def hint(function):
    """Give one more hint for an exercise at each call, never the answer: `lesson.hint(softmax)`."""
    from autograder.local import live

    live.hint(function, _course_here())


def _course_here():
    """The folder to look for the course in, upwards: this file's, or where the notebook runs."""
    found = any((folder / "course" / "course.toml").is_file() for folder in HERE.parents)
    return HERE if found else None


def experiment(_, cell):
    """Run a cell that plots, measures or trains: where its reader sits, and nowhere else."""
    shell = get_ipython()
    draw_for_browsers()
    text = shell.transform_cell(cell)
    tree = shell.transform_ast(ast.parse(text))  # it waits for what is not written, as others do
    exec(shell.compile(tree, shell.compile.cache(text), "exec"), shell.user_ns)


def steps(number):
    """How many steps to train: as many as are asked for, or hardly any where a test says so."""
    return 3 if os.environ.get("LESSONS_TRAIN") == "hardly" else number


def parameters(name):
    """Read trained parameters, such as "seq2seq_copy", as a dict of tensors."""
    from safetensors.torch import load_file

    return load_file(_beside(f"{name}.safetensors"))


def vocabulary(task):
    """Read the words of a task, "translate" or "copy": a dict with "source" and "target"."""
    return json.loads(_beside("vocabulary.json").read_text(encoding="utf-8"))[task]


def _beside(name):
    file = HERE / name
    return file if file.is_file() else PARAMETERS / name


def draw_for_browsers():
    """Let plots be drawings whose text the browser writes: in any language, with its own fonts."""
    from matplotlib import font_manager, rcParams
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    set_matplotlib_formats("svg", metadata={"Date": None})
    rcParams["svg.fonttype"] = "none"
    found = {font.name for font in font_manager.fontManager.ttflist}
    usable = [font for font in FONTS if font in found][:1]
    rcParams["font.family"] = ["DejaVu Sans", *usable]
    # Without such a font, Chinese is measured too narrow, here, for the frame of a legend.
    rcParams["legend.frameon"] = bool(usable)
    warnings.filterwarnings("ignore", "Glyph .* missing from")


def use_files():
    """Import what students write from their files, as a grading would, again after each change."""
    sys.path.insert(0, str(FILES))
    if importlib.util.find_spec("autograder") is None:  # in Colab nothing is installed
        sys.path.append(str(HERE.parent))
    from autograder.local import waiting

    waiting.in_notebooks(get_ipython(), FILES)


if get_ipython():
    get_ipython().register_magic_function(experiment, "cell")
    get_ipython().register_magic_function(experiment, "cell", "predict")
if any(type(finder).__name__ == "Notebooks" for finder in sys.meta_path):
    pass
elif FILES.is_dir() and PARAMETERS.is_dir():
    use_files()
else:
    sys.meta_path.insert(0, Notebooks())
