"""Makes system calls of the 32-bit and x32 tables, which a careless filter lets pass. (harms itself)"""

import ctypes
import mmap
import platform

from wrong import during, succeed, syscall

GETPID_32 = b"\xb8\x14\x00\x00\x00\xcd\x80\xc3"  # mov eax, 20; int 0x80; ret


def attack():
    if platform.machine() != "x86_64":
        raise OSError
    if syscall(0x40000000 | 57) == 0:  # x32's fork
        succeed("x32")
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(GETPID_32)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    if ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0:
        succeed("32-bit calls")


rnn_step, rnn = during(attack)
