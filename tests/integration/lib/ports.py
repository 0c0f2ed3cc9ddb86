# SPDX-License-Identifier: Apache-2.0
"""Ports for servers that a test starts, stops and starts again.

They lie outside the range that the kernel takes source ports from (unless that is nearly all), so
a connection can never sit on one of them while its server is away. Each test process claims a block
of its own by listening on the block's first port for as long as it lives; test processes that run
side by side therefore never hand out the same port.

What is left of connections to an earlier server (TIME_WAIT, for a minute) keeps a socket without
SO_REUSEADDR from its port. Servers set that option; sockets of the tests' own get it here. So
nothing else in tests/ binds a TCP socket or asks the kernel for a port: lint.listening.
"""

import random
import socket

FIRST, LAST, BLOCK = 20000, 30000, 200


def listen(port=None, host="127.0.0.1", backlog=None):
    """A socket that listens there; on a port of this process's own where none is named."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    at = (host, free_port() if port is None else port)
    return socket.create_server(at, family=family, backlog=backlog)  # sets SO_REUSEADDR


def serve_on(listener, kind, handler):
    """A server of Python's socketserver, of this kind, on a socket that listens already."""
    server = kind(listener.getsockname()[:2], handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.server_name, server.server_port = server.server_address[:2]
    return server


def _listen(port):
    try:
        return listen(port)
    except OSError:
        return None


def _starts():
    """Of blocks that the kernel takes no source port from, as far as there are any."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as text:
        low, high = map(int, text.read().split())
    starts = range(FIRST, LAST, BLOCK)
    return [start for start in starts if start + BLOCK <= low or start > high] or list(starts)


def _claim_block():
    starts = _starts()
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
