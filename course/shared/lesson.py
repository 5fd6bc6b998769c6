"""What the notebooks of this course share.

`import lesson` lets a notebook import the functions that you wrote in an earlier one, as in
`from attention import attention`: from ../attention/attention.ipynb, or from a file of that name.
"""

import ast
import importlib.abc
import importlib.util
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEFINITIONS = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
FONTS = [  # one of them is on most machines; the first that is found writes Chinese in plots
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Source Han Sans SC", "PingFang SC", "Hiragino Sans GB",
    "Microsoft YaHei", "SimHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Arial Unicode MS",
]  # fmt: skip


class Notebooks(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds an earlier unit's notebook, and runs its imports and definitions, but nothing else."""

    def find_spec(self, fullname, path=None, target=None):
        """See importlib."""
        for folder in (HERE, HERE.parent / fullname):
            file = folder / f"{fullname}.ipynb"
            if file.is_file():
                return importlib.util.spec_from_loader(fullname, self, origin=str(file))
        return None

    def exec_module(self, module):
        """See importlib."""
        notebook = json.loads(Path(module.__spec__.origin).read_text(encoding="utf-8"))
        module.__file__ = module.__spec__.origin
        for number, cell in enumerate(notebook["cells"]):
            if cell["cell_type"] == "code":
                lines = "".join(cell["source"]).splitlines()
                source = "\n".join("" if line.startswith(("%", "!")) else line for line in lines)
                name = f"{module.__file__}, cell {number}"
                body = [s for s in ast.parse(source, name).body if isinstance(s, DEFINITIONS)]
                exec(compile(ast.Module(body, []), name, "exec"), module.__dict__)


def parameters(name):
    """Read trained parameters, such as "seq2seq_copy", as a dict of tensors."""
    from safetensors.torch import load_file

    return load_file(HERE / f"{name}.safetensors")


def vocabulary(task):
    """Read the words of a task, "translate" or "copy": a dict with "source" and "target"."""
    return json.loads((HERE / "vocabulary.json").read_text(encoding="utf-8"))[task]


def use_chinese_font():
    """Let plots write Chinese, where this machine has a font for it; say whether it has."""
    from matplotlib import font_manager, rcParams

    found = {font.name for font in font_manager.fontManager.ttflist}
    usable = [font for font in FONTS if font in found]
    rcParams["font.family"] = ["DejaVu Sans", *usable[:1]]
    return bool(usable)


if not any(type(finder).__name__ == "Notebooks" for finder in sys.meta_path):
    sys.meta_path.insert(0, Notebooks())
