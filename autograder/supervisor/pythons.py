"""Which folders make up this Python, for the sandbox to see."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from autograder.core.processes import PACKAGE, direct, interpreter

MANIFEST = "course/course.toml"  # which tells a clone


def python_folders() -> list[Path]:
    """The folders and files that the interpreter, torch and their shared libraries lie in."""
    paths = sysconfig.get_paths()
    wanted = [
        Path("/usr"),
        Path("/etc/ld.so.cache"),
        Path("/etc/alternatives"),
        *_installation(Path(sys.base_prefix)),
        *_installation(Path(sys.prefix)),
        Path(interpreter()),
        *(Path(paths[name]) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *map(Path, _packages()),
        *_libraries(),
    ]
    found = [direct(path) for path in wanted if path.is_absolute() and path.exists()]
    return [path for path in found if path.resolve() != Path("/")]


def _installation(prefix: Path) -> list[Path]:
    """What to show of an installation.

    Not all of a virtual environment's folder, in which somebody may keep a course, nor of a home.
    """
    if (prefix / "pyvenv.cfg").exists() or _home().resolve().is_relative_to(prefix.resolve()):
        return [prefix / name for name in ("lib", "lib64", "pyvenv.cfg")]
    return [prefix]


def _home() -> Path:
    return Path(os.path.expanduser("~"))  # noqa: PTH111 - pathlib raises where nobody knows it


def _libraries() -> list[Path]:
    """Where LD_LIBRARY_PATH leads, if there are libraries."""
    entries = map(Path, os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep))
    return [path for path in entries if path.is_absolute() and any(path.glob("*.so*"))]


def _packages_of_ours() -> set[Path]:
    """Where this package lies, and other copies of it: beside torch, with hidden tests and all."""
    prefixes = {Path("/usr"), Path("/usr/local"), Path(sys.prefix), Path(sys.base_prefix)}
    places = {package for p in prefixes for package in p.glob("lib/python3*/*-packages/autograder")}
    places |= {Path(folder, "autograder") for folder in _packages()}
    return {PACKAGE, *(place for place in places if place.is_dir())}


def unused_packages() -> set[Path]:
    """Where packages lie that this environment does not import: another Python's, or its base's."""
    prefixes = {Path("/usr"), Path("/usr/local"), Path(sys.prefix), Path(sys.base_prefix)}
    every = {place.resolve() for p in prefixes for place in p.glob("lib*/python3*/*-packages")}
    return every - {Path(place).resolve() for place in _packages()}


def without(folder: Path, hidden: Collection[Path]) -> tuple[list[Path], list[Path]]:
    """What to open so that a folder is readable but for what is hidden in it, and what to list."""
    if not any(place.is_relative_to(folder) for place in hidden):
        return [folder], []
    opened, listed = [], [folder]
    for path in sorted(folder.iterdir()) if folder not in hidden else ():
        if not path.is_symlink():  # what it leads to is opened at its own place, or not at all
            more, names = without(path, hidden)
            opened += more
            listed += names
    return opened, listed


def _other_names(named: Iterable[Path], layers: Mapping[Path, bool]) -> Iterator[Path]:
    """The names under which Python looks for what is shown at its real place, to be made links.

    Bound a second time it would be seen there without the masks that cover parts of it.
    """
    for path in dict.fromkeys(named):
        if path != path.resolve() and not _visible(path.parent.resolve(), layers):
            yield path


def _packages() -> list[str]:
    """Where installed packages lie."""
    return [entry for entry in sys.path if _has_packages(Path(entry))]


def _has_packages(folder: Path) -> bool:
    """Whether that is such a folder: `pip install --target` takes one of any name.

    A home with a package in it is none, nor a clone: nobody means to show these.
    """
    if not folder.is_absolute():
        return False
    if folder.name in ("site-packages", "dist-packages"):
        return True
    kept = _home().resolve().is_relative_to(folder.resolve()) or (folder / MANIFEST).exists()
    return not kept and any(folder.glob("*.dist-info"))


def _further_packages() -> list[str]:
    """Where the host would not look by itself: `pip install --user`, a cluster's PYTHONPATH."""
    return [entry for entry in _packages() if entry not in site.getsitepackages()]


def _layers(shown: Iterable[Path], hidden: Iterable[Path]) -> dict[Path, bool]:
    """What to lay over what, from the outside in: each path, and whether it is to be seen."""
    layers: dict[Path, bool] = {}
    wanted = dict.fromkeys(shown, True) | dict.fromkeys(hidden, False)
    for path in sorted(wanted, key=lambda path: len(path.parts)):
        if wanted[path] != _visible(path, layers):
            layers[path] = wanted[path]
    return layers


def _visible(path: Path, layers: Mapping[Path, bool]) -> bool:
    return next((layers[place] for place in (path, *path.parents) if place in layers), False)
