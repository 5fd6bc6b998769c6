"""Writes to the kernel's settings: core_pattern, sysrq, modprobe, cgroups, devices."""

import os

from wrong import attempt, rnn, rnn_step, succeed

for path in (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/kernel/hostname",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sysrq-trigger",
    "/sys/fs/cgroup/cgroup.procs",
    "/sys/kernel/uevent_helper",
    "/dev/mem",
    "/dev/kmsg",
    "/dev/sda",
    "/dev/vda",
):
    if attempt(os.open, path, os.O_WRONLY) is not None:
        succeed(f"{path} can be written")
