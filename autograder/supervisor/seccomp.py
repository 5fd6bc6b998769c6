"""The system calls that a student's program may make."""

from __future__ import annotations

import errno
import tempfile

from autograder.core.errors import IsolationError

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
sched_yield select set_robust_list set_tid_address setitimer shutdown sigaltstack socketpair
stat statfs statx sysinfo tgkill time times umask uname unlink unlinkat write writev
""".split()
# CUDA's driver besides: it opens sockets (in an empty network) and names its files in memory.
CUDA_CALLS = """
bind connect fcntl getpeername getsockname getsockopt ioctl listen memfd_create mlock munlock
sched_setaffinity setsockopt socket
""".split()
# Calls that reach other processes of the same user: harmless only in a process table of one's own.
OUTWARD = ["prlimit64", "tgkill"]
# It takes gibibytes of a real disk in a millisecond, before anybody has looked.
AT_ONCE = ["fallocate"]
HARMLESS = {
    "prctl": (0, (3, 15, 16, 39)),  # get dumpable, set and get the name, get no_new_privs
    "ioctl": (1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),  # is it a terminal; FIO…
    "fcntl": (1, (*range(8), 1030)),  # no leases, no signals, no pipes of a mebibyte
}
FLAGS = {"sendto": 3, "recvfrom": 3, "sendmsg": 2, "recvmsg": 2}  # the argument that holds them
MSG_OOB = 1  # out-of-band data between local sockets: nobody's need, and a source of kernel bugs
CLONE_THREAD = 0x00010000


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
        names -= {*OUTWARD, *AT_ONCE}
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
