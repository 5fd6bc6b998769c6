"""Starts other programs: a shell, itself, a script of its own."""

import os
import subprocess

from wrong import attempt, rnn, rnn_step, succeed

if attempt(subprocess.run, ["/bin/true"]) or attempt(os.posix_spawn, "/bin/true", ["true"], {}):
    succeed("a program was started")
if attempt(os.popen, "id") and attempt(lambda: os.popen("id").read()):
    succeed("a shell was started")
attempt(os.execv, "/bin/true", ["true"])
