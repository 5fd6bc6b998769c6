"""Keeps memory in pipes and sockets, also in sockets that lie in sockets."""

import fcntl
import os
import socket

from wrong import attempt, rnn, rnn_step, succeed

total = 0
ends = []
while pipe := attempt(os.pipe):
    attempt(fcntl.fcntl, pipe[1], 1031, 1 << 20)
    os.set_blocking(pipe[1], False)
    while written := attempt(os.write, pipe[1], bytes(1 << 16)):
        total += written
    ends += pipe
for end in ends:
    os.close(end)
middle = attempt(socket.socketpair)
while middle and (pair := attempt(socket.socketpair)):
    pair[0].setblocking(False)
    while written := attempt(pair[0].send, bytes(1 << 16)):
        total += written
    middle[0].setblocking(False)
    sent = attempt(socket.send_fds, middle[0], [b"x"], [pair[0].fileno(), pair[1].fileno()])
    pair[0].close(), pair[1].close()
    if not sent:
        break
    if total > 64 << 20:
        succeed(f"{total >> 20} MiB are hidden in pipes and sockets")
