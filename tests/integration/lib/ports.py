# SPDX-License-Identifier: Apache-2.0
"""Ports for servers that a test starts, stops and starts again.

They lie below the range that the kernel takes source ports from, so a connection can never sit
on one of them while its server is away. Each test process claims a block of its own by
listening on the block's first port for as long as it lives; test processes that run side by side
therefore never hand out the same port.
"""

import random
import socket

FIRST, LAST, BLOCK = 20000, 30000, 200


def _listen(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError:
        listener.close()
        return None
    return listener


def _claim_block():
    starts = list(range(FIRST, LAST, BLOCK))
    random.shuffle(starts)
    for start in starts:
        claim = _listen(start)
        if claim is not None:
            return claim, start
    raise RuntimeError("every block of ports is claimed")


_claim, _start = _claim_block()
_next = 0


def free_port():
    """A port on 127.0.0.1 that nothing listens on; not handed out again for a long while."""
    global _next
    for _ in range(BLOCK):
        port = _start + 1 + _next % (BLOCK - 1)
        _next += 1
        probe = _listen(port)
        if probe is not None:
            probe.close()
            return port
    raise RuntimeError("no free port is left in this block")
