"""Imports a submission from memory, so that nothing of it is ever written to a disk.

A notebook is run as it stands, top to bottom, each top-level statement by itself: one that fails or
takes too long costs the names that it would have bound, and nothing else. A unit's file is run
whole, as Python does; only where that fails, say at a plot at its end, is it run like a notebook.
Any other file is a module like those that Python finds on a disk.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Callable, Collection, Sequence
from importlib.machinery import ModuleSpec
from pathlib import PurePath
from types import ModuleType
from typing import Any

from autograder.sandbox import cells
from autograder.sandbox.loading import Loading
from autograder.sandbox.shell import Nothing, Shell
from autograder.sandbox.wire import Lost, Position, Source

MAIN = "__main__"
PROGRAMS = (".py", ".ipy", "")
# What the notebooks of a course share, where nobody handed it in: it does nothing in grading.
LESSON = Source(
    "lesson", "lesson.py", ["def __getattr__(name): return lambda *_, **__: None"], False, []
)


class SubmissionFinder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and runs a student's files as modules. skip and the rest: see Loading."""

    def __init__(
        self,
        sources: Sequence[Source],
        skip: Collection[Position] = (),
        statement: float = 5.0,
        load: float = 20.0,
        tell: Callable[[str], object] = lambda position: None,
    ) -> None:
        self._sources = {source.module: source for source in (LESSON, *sources)}
        self._files = frozenset(source.file for source in self._sources.values())
        self._numbers = {source.module: number for number, source in enumerate(sources)}
        self._loading = Loading(skip, statement, load, tell)
        self._main = ""  # the notebook that is run as the program
        self._shell: Shell | None = None  # of the notebook that runs now, or ran last

    def install(self) -> None:
        """Let `import attention` find the student's own file first."""
        sys.meta_path.insert(0, self)

    def load(self, main: str) -> list[Position]:
        """Import the file that is graded, and say what was stopped. Raises whatever it raises.

        A notebook is the program, as in Jupyter, and what has its name in the end.
        """
        self._main = main if self._sources[main].notebook else ""
        importlib.import_module(main)
        if self._main:
            sys.modules[main] = sys.modules[MAIN]
        return self._loading.stopped

    def owns(self, file: str) -> bool:
        """Whether a file, as tracebacks name it, is one of these: a notebook's cell is, too."""
        return file.partition(",")[0] in self._files

    def lost(self, name: str | None, names: dict[str, Any]) -> Lost | None:
        """What left a name, of the module that has these names, without its value: see Loading."""
        return self._loading.lost(name, names)

    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See importlib. A folder of modules is a package, with or without an __init__.py."""
        source = self._sources.get(fullname)
        is_package = any(module.startswith(f"{fullname}.") for module in self._sources)
        if source:
            is_package |= PurePath(source.file).name == "__init__.py"
            return ModuleSpec(fullname, self, origin=source.file, is_package=is_package)
        return ModuleSpec(fullname, None, is_package=True) if is_package else None

    def exec_module(self, module: ModuleType) -> None:
        """See importlib."""
        source = self._sources[module.__name__]
        number = self._numbers.get(source.module, 0)
        if source.notebook and source.module == self._main:
            module.__name__ = MAIN
            sys.modules[MAIN] = module
        else:
            module.__file__ = source.file
        if source.notebook:
            self._run_notebook(source, number, module.__dict__)
            sys.modules.setdefault(source.module, module)  # it may have written a file of its name
        elif source.wanted:
            self._loading.run_file(source, number, module)
        else:
            [text] = source.cells
            cells.remember(source.file, text)
            code = compile(cells.program(source), source.file, "exec", dont_inherit=True)
            exec(code, module.__dict__)

    def get_source(self, fullname: str) -> str:
        """See importlib; what inspect.getsource reads."""
        return "\n".join(self._sources[fullname].cells)

    def _run_notebook(self, source: Source, number: int, names: dict[str, Any]) -> None:
        outer, self._shell = self._shell, Shell(names, self._run_file, self._write)
        builtins.__dict__.update(get_ipython=self._get_ipython, display=Nothing())
        with contextlib.suppress(ImportError):  # where it is not, nobody imports it
            for module in ("IPython", "IPython.core.getipython"):
                vars(importlib.import_module(module)).update(get_ipython=self._get_ipython)
        self._loading.run_statements(source, number, names)
        self._shell = outer or self._shell  # of the notebook that imports this one, and goes on

    def _get_ipython(self) -> Shell | None:
        return self._shell

    def _run_file(self, file: str, names: dict[str, Any] | None) -> dict[str, Any]:
        """What `%run file` gives: the names of a file of the submission, run as a module.

        Or, given names, what it adds to these.
        """
        names_of = _modules(PurePath(file).with_suffix(""))
        module = next((name for name in names_of if name in self._sources), names_of[-1])
        if names is not None and (spec := importlib.util.find_spec(module)):
            text = spec.loader.get_source(module)  # type: ignore[union-attr]
            cells.remember(file, text)
            exec(compile(text, file, "exec", dont_inherit=True), names)
            return names
        found = vars(importlib.import_module(module))
        return {name: value for name, value in found.items() if not name.startswith("__")}

    def _write(self, file: str, text: str, more: bool) -> None:
        """What `%%writefile file` does: from now on it is a file of the submission.

        It is imported as from its own folder, and from each above it. Data, such as helper.json, is
        nobody's module.
        """
        path = PurePath(file)
        if path.suffix not in PROGRAMS:
            return
        names = _modules(path.parent if path.stem == "__init__" else path.with_suffix(""))
        if more and (before := self._sources.get(names[-1])):
            text = before.cells[0] + text
        for name in names:
            self._sources[name] = Source(name, path.name, [text], False, [])
            if (module := sys.modules.get(name)) is sys.modules.get(MAIN):
                sys.modules.pop(name, None)
            elif module:  # what is imported already is that file anew, as with %autoreload
                importlib.reload(module)


def _modules(path: PurePath) -> list[str]:
    """What a file may be imported as: from each of the folders above it, its own the last."""
    parts = [part for part in path.parts if part.strip("./")]
    return [".".join(parts[start:]) for start in range(len(parts))]
