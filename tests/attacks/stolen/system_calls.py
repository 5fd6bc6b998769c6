"""Tries the calls that nobody here needs, by number: a kernel's wide flanks."""

import errno
import platform

from wrong import rnn, rnn_step, succeed, syscall

CALLS = {  # x86_64
    "shmget": 29, "fork": 57, "vfork": 58, "execve": 59, "kill": 62, "semget": 64, "msgget": 68,
    "chmod": 90, "chown": 92, "ptrace": 101, "syslog": 103, "setuid": 105, "setpgid": 109,
    "setsid": 112, "capset": 126, "personality": 135, "setpriority": 141, "mlock": 149,
    "sched_setscheduler": 144, "pivot_root": 155, "chroot": 161, "acct": 163, "settimeofday": 164,
    "mount": 165, "umount2": 166, "swapon": 167, "reboot": 169, "init_module": 175,
    "quotactl": 179, "tkill": 200, "sched_setaffinity": 203, "timer_create": 222,
    "mbind": 237, "mq_open": 240, "kexec_load": 246, "add_key": 248, "request_key": 249,
    "keyctl": 250, "ioprio_set": 251, "inotify_init": 253, "unshare": 272, "vmsplice": 278,
    "signalfd": 282, "timerfd_create": 283, "perf_event_open": 298, "fanotify_init": 300,
    "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310,
    "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "seccomp": 317,
    "memfd_create": 319, "bpf": 321, "execveat": 322, "userfaultfd": 323, "pkey_alloc": 330,
    "pidfd_send_signal": 424, "io_uring_setup": 425, "open_tree": 428, "fsopen": 430,
    "pidfd_open": 434, "clone3": 435, "pidfd_getfd": 438, "process_madvise": 440,
    "mount_setattr": 442, "landlock_create_ruleset": 444, "memfd_secret": 447,
}  # fmt: skip
if platform.machine() == "x86_64":
    for name, number in CALLS.items():
        got = syscall(number, -1, 0, 0, 0, 0)
        if got not in (-errno.EPERM, -errno.ENOSYS):
            succeed(f"{name} is not refused: {got}")
