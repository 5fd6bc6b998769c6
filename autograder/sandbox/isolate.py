"""What a forked child does to itself before any student code: it gives everything up.

Source: namespaces(7), capabilities(7), seccomp(2), prctl(2) of the Linux manual.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import struct
from collections.abc import Sequence
from pathlib import Path

NOBODY = 65534
SCRATCH = "/grader-scratch"  # not /tmp: Python itself may lie below that
GPUS = "CUDA_VISIBLE_DEVICES"  # the variable that says which of a machine's may be used
TMPFS_BYTES = 8 << 20  # it counts as nobody's memory
OPEN_FILES = 64
FILE_BYTES = 64 << 20  # with CUDA, whose driver names memory in files

_CLONE_NEWNS, _CLONE_NEWCGROUP, _CLONE_NEWUTS = 0x00020000, 0x02000000, 0x04000000
_CLONE_NEWIPC, _CLONE_NEWUSER = 0x08000000, 0x10000000
_CLONE_NEWPID, _CLONE_NEWNET = 0x20000000, 0x40000000
_NAMESPACES = (
    _CLONE_NEWNS
    | _CLONE_NEWCGROUP
    | _CLONE_NEWUTS
    | _CLONE_NEWIPC
    | _CLONE_NEWUSER
    | _CLONE_NEWPID
    | _CLONE_NEWNET
)
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_PR_SET_PDEATHSIG = 1
_PR_SET_NAME = 15
_PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 4, 22, 24, 38
_PR_SET_CHILD_SUBREAPER = 36
_SECCOMP_MODE_FILTER = 2
_MADV_COLLAPSE, _HUGE_PAGE = 25, 2 << 20
_CAPABILITY_VERSION_3 = 0x20080522

_LANDLOCK_CREATE_RULESET, _LANDLOCK_ADD_RULE, _LANDLOCK_RESTRICT_SELF = 444, 445, 446
_LANDLOCK_WRITE_FILE, _LANDLOCK_READ_FILE, _LANDLOCK_READ_DIR = 1 << 1, 1 << 2, 1 << 3
_LANDLOCK_READ = _LANDLOCK_READ_FILE | _LANDLOCK_READ_DIR
_LANDLOCK_TRUNCATE = 1 << 14
_LANDLOCK_OF_FILES = _LANDLOCK_WRITE_FILE | _LANDLOCK_READ_FILE | _LANDLOCK_TRUNCATE
_LANDLOCK_RIGHTS = (13, 14, 15)  # how many rights on files the kernel's versions 1, 2, 3… know

_libc = ctypes.CDLL(None, use_errno=True)
_fork = getattr(ctypes.PyDLL(None, use_errno=True), "_Fork", os.fork)  # glibc 2.34 has it


class _FilterProgram(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def fork_bare() -> int:
    """Fork without Python's own work in the child, which is to fork again and to leave.

    That work, such as new locks for every logger, is half of what a fork costs here.
    """
    return _check(_fork(), "fork")


def join_pages() -> None:
    """Have the kernel hold this process's memory in huge pages, where it can (Linux 6.1).

    A fork then copies some hundred entries of the page table, in place of some ten thousand: half
    of its cost. To join them costs what ten to a hundred forks save.
    Source: madvise(2), MADV_COLLAPSE.
    """
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, access, *_, inode = line.split(maxsplit=5)[:5]
        if "w" in access and inode == "0":  # no file's
            first, end = (int(address, 16) for address in addresses.split("-"))
            first = -(-first // _HUGE_PAGE) * _HUGE_PAGE
            size = ctypes.c_size_t(max(0, end // _HUGE_PAGE * _HUGE_PAGE - first))
            _libc.madvise(ctypes.c_void_p(first), size, _MADV_COLLAPSE)


def refuse_shared_memory() -> None:
    """Raise if a package left memory that every child could write to, and the next one read."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        access = line.split(maxsplit=2)[1]
        if "w" in access and "s" in access:
            raise RuntimeError(f"memory that all submissions would share was left mapped: {line}")


def drop_root() -> None:
    """Become nobody for good, where bubblewrap was started by root."""
    if os.getuid() != 0:
        return
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    # The change of user made /proc/self root's; the id maps below are written through it.
    _prctl(_PR_SET_DUMPABLE, 1)


def adopt_orphans() -> None:
    """Become the parent of grandchildren whose parent has left, so as to learn how they end."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def unshare() -> None:
    """Enter namespaces of one's own; the next fork is process 1 of a new process table."""
    uid, gid = os.getuid(), os.getgid()
    _check(_libc.unshare(_NAMESPACES), "unshare")
    _write("setgroups", b"deny")
    _write("uid_map", b"%d %d 1" % (NOBODY, uid))
    _write("gid_map", b"%d %d 1" % (NOBODY, gid))


def first_to_go() -> None:
    """Let the kernel end this process before any other where memory runs out; see proc(5)."""
    _write("oom_score_adj", b"1000")


def undumpable() -> None:
    """Leave no core file, and close this process's memory to whoever might attach to it."""
    _prctl(_PR_SET_DUMPABLE, 0)


def set_name(name: str) -> None:
    """Give this process a name of at most 15 bytes, which /proc shows even once it has ended."""
    _libc.prctl(_PR_SET_NAME, name.encode(), 0, 0, 0)


def own_session() -> None:
    """Leave the host's process group, which signals and priorities could reach."""
    os.setsid()


def mount_private(writable_proc: bool = False) -> None:
    """Mount the process table of this namespace and scratch space of this child's own."""
    protect = _MS_NOSUID | _MS_NODEV | _MS_NOEXEC
    readonly = 0 if writable_proc else _MS_RDONLY  # CUDA's driver names its threads there
    _mount(b"proc", b"/proc", b"proc", protect | readonly, b"")
    for target in (SCRATCH, "/dev/shm"):
        _mount(b"tmpfs", target.encode(), b"tmpfs", protect, b"size=%d,nr_inodes=1k" % TMPFS_BYTES)
    os.chdir(SCRATCH)


def confine_files(
    readable: Sequence[str],
    scratch: str,
    listed: Sequence[str] = (),
    devices: Sequence[str] = (),
) -> None:
    """Where there are no namespaces: open nothing but these folders, and write to `scratch` only.

    listed: folders of which the names may be seen, and of all that is in them. devices: what may be
    written to besides.
    Source: landlock(7). Also keeps this process from tracing, or reading the memory of, any other.
    Raises OSError where the kernel has no Landlock (before 5.13, or not enabled).
    """
    version = _check(
        _libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), 1), "Landlock"
    )
    handled = (1 << _LANDLOCK_RIGHTS[min(version, len(_LANDLOCK_RIGHTS)) - 1]) - 1
    attributes = ctypes.c_uint64(handled)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    create = _libc.syscall(_LANDLOCK_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    ruleset = _check(create, "Landlock")
    for folder in readable:
        _allow_below(ruleset, folder, _LANDLOCK_READ)
    for folder in listed:
        _allow_below(ruleset, folder, _LANDLOCK_READ_DIR)
    _allow_below(ruleset, scratch, handled)
    # Threads' names in /proc are written as files are written anew: cut to nothing first.
    written = _LANDLOCK_READ | _LANDLOCK_WRITE_FILE | _LANDLOCK_TRUNCATE
    for file in ("/dev/null", *devices):
        _allow_below(ruleset, file, written & handled)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _check(_libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, 0), "Landlock")
    os.close(ruleset)
    os.chdir(scratch)


def _allow_below(ruleset: int, path: str, rights: int) -> None:
    """Allow what `rights` say below a path; of a single file, what applies to files."""
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    if not Path(path).is_dir():
        rights &= _LANDLOCK_OF_FILES
    rule = struct.pack("=Qi", rights, descriptor)
    result = _libc.syscall(_LANDLOCK_ADD_RULE, ruleset, 1, rule, 0)
    os.close(descriptor)
    _check(result, f"Landlock on {path}")


def end_with_host() -> None:
    """Have the kernel end this process when the host, its parent, ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def limit(memory: int | None, cpu_seconds: int, threads: int = 64) -> None:
    """Set what the kernel enforces by itself.

    memory: bytes of address space beyond what the process has now; None (with CUDA, which reserves
        far more than it uses) leaves memory to the supervisor.
    """
    if memory is not None:
        limit_memory(memory)
    _set_limit(resource.RLIMIT_CPU, cpu_seconds)
    _set_limit(resource.RLIMIT_NPROC, threads)
    _set_limit(resource.RLIMIT_NOFILE, OPEN_FILES if memory is not None else 1024)
    _set_limit(resource.RLIMIT_FSIZE, TMPFS_BYTES if memory is not None else FILE_BYTES)
    _set_limit(resource.RLIMIT_CORE, 1)  # 0 would still feed a crash handler; see core(5)


def limit_memory(memory: int) -> None:
    """Bound the address space: so many bytes beyond what the process has now."""
    pages = int(_read("statm").split()[0])
    _set_limit(resource.RLIMIT_AS, pages * resource.getpagesize() + memory)


def keep_only(descriptors: Sequence[int]) -> None:
    """Close every descriptor but these."""
    low = 0
    for keep in sorted(descriptors):
        if low < keep:  # closerange(n, n) is not empty: at 0 it closes everything
            os.closerange(low, keep)
        low = keep + 1
    os.closerange(low, 1 << 16)


def drop_capabilities() -> None:
    """Give up the rights that a new user namespace brought."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0):
            break
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def filter_calls(program: bytes) -> None:
    """Install a seccomp filter, given as compiled by libseccomp."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    buffer = ctypes.create_string_buffer(program, len(program))
    packed = _FilterProgram(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p).value)
    _check(_libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(packed)), "seccomp")


def remove(folder: Path) -> None:
    """Remove a folder, however deep it is: what lies in a folder of it is moved up before that."""
    while entries := [*folder.iterdir()]:
        for entry in entries:
            if not _is_folder(entry):
                entry.unlink()
                continue
            entry.chmod(0o700)
            for inner in [*entry.iterdir()]:
                if _is_folder(inner):
                    inner.chmod(0o700)  # or it could not be moved
                inner.rename(folder / os.urandom(16).hex())
            entry.rmdir()
    folder.rmdir()


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _write(name: str, text: bytes) -> None:
    """Write to a file of /proc/self. A pathlib.Path touches a hundred pages more, all copied."""
    descriptor = os.open(f"/proc/self/{name}", os.O_WRONLY)
    os.write(descriptor, text)
    os.close(descriptor)


def _read(name: str) -> bytes:
    """Read a short file of /proc/self."""
    descriptor = os.open(f"/proc/self/{name}", os.O_RDONLY)
    text = os.read(descriptor, 4096)
    os.close(descriptor)
    return text


def _set_limit(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def _mount(source: bytes, target: bytes, kind: bytes, flags: int, options: bytes) -> None:
    _check(_libc.mount(source, target, kind, flags, options), f"mount {target.decode()}")


def _prctl(option: int, value: int) -> None:
    _check(_libc.prctl(option, value, 0, 0, 0), f"prctl {option}")


def _check(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
