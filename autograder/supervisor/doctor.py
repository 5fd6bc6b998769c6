"""What this machine can do for grading, each line with the remedy where something is missing."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from autograder.core import errors
from autograder.core.console import MARKS
from autograder.core.processes import python
from autograder.sandbox.pretend import PRETEND, can_pretend
from autograder.supervisor import bubblewrap, seccomp

Diagnosis = tuple[bool | None, str, str]  # fine, missing or merely told; what was found; the remedy


def diagnose(console: Console, gpu: bool = False) -> int:
    """Print the findings; return 0 if everything that full isolation needs is there, else 1.

    gpu: whether a GPU is needed, too, and what only it can show is tried at each level.
    """
    checks: list[tuple[str, Callable[[], Diagnosis]]] = [
        ("Python", _python),
        ("PyTorch", _torch),
        ("System", _system),
        ("bubblewrap", _bubblewrap),
        ("seccomp", _seccomp),
        ("Sandbox", _sandbox),
        ("Without it", _reduced),
        ("Cores", _cores),
        ("GPU", _gpu),
        ("Pretend GPU", _pretend),
    ]
    table = Table(box=None, pad_edge=False)
    for heading in ("", "what", "found"):
        table.add_column(heading, overflow="fold")
    complete = True
    with console.status("") as status:  # at a terminal alone
        for name, check in checks:
            status.update(f"{name} …")
            fine, found, remedy = check()
            complete = complete and fine is not False
            advice = f"\n[yellow]{escape(remedy)}[/]" if remedy else ""
            table.add_row(MARKS[fine], name, escape(found) + advice)
    console.print(table)
    if complete:
        console.print("This machine can grade with full isolation.")
    else:
        console.print("This machine cannot grade with full isolation yet: see the lines above.")
    return 0 if complete and (not gpu or _all_of_gpu(console)) else 1


def _all_of_gpu(console: Console) -> bool:
    """Print what CUDA does behind the wall, level by level; whether all came out as it should."""
    from autograder.supervisor import gpu

    found = gpu.look(console)
    return bool(found) and all(finding.fine for finding in found)


def _python() -> Diagnosis:
    found = f"{platform.python_version()} at {sys.prefix}"
    return True, found, ""


def _torch() -> Diagnosis:
    try:
        return True, metadata.version("torch"), ""
    except metadata.PackageNotFoundError:
        return False, "not installed", "pip install torch"


def _system() -> Diagnosis:
    found = f"{platform.system()} {platform.release()}"
    if sys.platform != "linux":
        remedy = "Grading needs Linux (WSL 2 is one). `autograder check` and pytest run anywhere."
        return False, found, remedy
    return True, found + (", as root" if os.getuid() == 0 else ", as an ordinary user"), ""


def _bubblewrap() -> Diagnosis:
    try:
        path, version = bubblewrap.find_bubblewrap()
    except errors.IsolationError as error:
        return False, "cannot be used", str(error)
    return True, f"{version} at {path}", ""


def _seccomp() -> Diagnosis:
    try:
        program = seccomp.seccomp_program("cpu")
    except errors.IsolationError as error:
        return False, "cannot be used", str(error)
    return True, f"a filter of {len(program) // 8} instructions", ""


def _sandbox() -> Diagnosis:
    """Really start one: everything else is a guess."""
    if sys.platform != "linux":
        return False, "needs Linux", ""
    from autograder.supervisor.child import ProcessLimits
    from autograder.supervisor.warm_host import WarmHost

    try:
        with WarmHost([]) as host:
            host.spawn(ProcessLimits(1 << 30, 10)).close()
            said = host.said
    except errors.IsolationError as error:
        whole = f"\n{error.said}" if "\n" in error.said else ""  # else the cause has it
        return False, error.cause + whole, error.remedy
    except errors.GraderError as error:
        return False, str(error), ""
    found = "starts, and isolates a process in namespaces of its own"
    return True, found, said and f"While it warmed up it said: {said}"


def _reduced() -> Diagnosis:
    """What `--isolation reduced` would rest on; merely told, since full isolation needs none."""
    if sys.platform != "linux":
        return None, "`--isolation reduced` needs Linux", ""
    from autograder.supervisor.child import ProcessLimits
    from autograder.supervisor.warm_host import WarmHost

    try:
        with WarmHost([], level="reduced") as host:
            host.spawn(ProcessLimits(1 << 30, 10)).close()
    except errors.GraderError as error:
        return None, f"`--isolation reduced` does not work: {error}", ""
    return None, "`--isolation reduced` works: Landlock, seccomp and limits", ""


def _cores() -> Diagnosis:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return None, f"{usable} usable of {os.cpu_count()}", ""


def _pretend() -> Diagnosis:
    """Really multiply on it, where torch has the call that it needs."""
    if not can_pretend():
        return None, "needs PyTorch 2.10: tests of devices are not run, nor do they count", ""
    if sys.platform != "linux":
        return None, "tests of devices run on it", ""
    from autograder.supervisor.backend import try_product
    from autograder.supervisor.warm_host import WarmHost

    try:
        with WarmHost([]) as host:
            try_product(host, PRETEND)
    except errors.GraderError as error:
        return None, f"does not work, so tests of devices judge nothing here: {error}", ""
    return None, "works: tests of devices run on it", ""


def _gpu() -> Diagnosis:
    if not bubblewrap.has_gpu():
        return None, "none: GPU tests are not run, and their points do not count", ""
    code = "import torch; print(torch.cuda.get_device_name())"
    said = subprocess.run(python("-c", code), capture_output=True, text=True, check=False)
    if said.returncode:
        return False, "a device, but PyTorch cannot use it", said.stderr.strip()[-300:]
    from autograder.supervisor.backend import try_product
    from autograder.supervisor.warm_host import WarmHost

    try:
        with WarmHost([], "cuda") as host:
            try_product(host)
    except errors.GraderError as error:
        return False, f"{said.stdout.strip()}, which works outside the sandbox only", str(error)
    return True, said.stdout.strip(), ""
