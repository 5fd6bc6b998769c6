"""Opens a connection to anywhere: TCP, UDP, raw, netlink, a local name, an abstract name."""

import socket

from wrong import attempt, rnn, rnn_step, succeed

TARGETS = [
    (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 22)),
    (socket.AF_INET, socket.SOCK_DGRAM, ("1.1.1.1", 53)),
    (socket.AF_INET6, socket.SOCK_DGRAM, ("2606:4700:4700::1111", 53)),
    (socket.AF_INET, socket.SOCK_RAW, ("127.0.0.1", 0)),
    (socket.AF_NETLINK, socket.SOCK_RAW, (0, 0)),
    (socket.AF_VSOCK, socket.SOCK_STREAM, (2, 22)),
    (socket.AF_UNIX, socket.SOCK_STREAM, "/run/docker.sock"),
    (socket.AF_UNIX, socket.SOCK_STREAM, "\0abstract"),
    (socket.AF_UNIX, socket.SOCK_DGRAM, "/dev/log"),
]
for family, kind, address in TARGETS:
    end = attempt(socket.socket, family, kind)
    if end:
        end.settimeout(0.05)
        succeed(f"a socket of {family.name}, connected: {attempt(end.connect, address)}")
