"""Where the tester's process begins; its argument is a connection's descriptor.

The sandbox's host warms up beside it: both load torch, for which a first mark waits longest.
"""

import gc
import socket
import sys

import msgspec

from autograder.grading.protocol import TesterSetup, receive
from autograder.supervisor.warm_hosts import WarmHosts

if __name__ == "__main__":
    gc.disable()  # imports make little garbage; looking for it takes a tenth of torch's time
    connection = socket.socket(fileno=int(sys.argv[1]))
    if (data := receive(connection)) is None:
        sys.exit()
    setup = msgspec.msgpack.decode(data, type=TesterSetup)
    hosts = WarmHosts(setup.masks, setup.level)
    hosts.begin()
    from autograder.grading.tester import serve

    sys.exit(serve(connection, setup, hosts))
