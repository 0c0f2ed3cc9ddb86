# SPDX-License-Identifier: Apache-2.0
"""A real HAProxy that carries gRPC, and its runtime API."""

import socket
import subprocess
import time
from collections import namedtuple

from lib.patience import patient
from lib.ports import free_port
from lib.process import Process

Server = namedtuple("Server", "address port state admin weight")

CONFIG = """
global
    stats socket {socket} mode 600 level admin
defaults
    mode http
    timeout connect 60s
    timeout client 600s
    timeout server 600s
frontend calls
    bind 127.0.0.1:{port} proto h2
    default_backend coupon
backend coupon
    balance roundrobin
    http-reuse always
    {servers}
"""

MAINTENANCE, DRAIN = 0x01, 0x08  # bits of Server.admin


class HAProxy(Process):
    def __init__(self, directory, *servers):
        """`servers` are lines of the backend."""
        self.port = free_port()
        self.socket = directory / "haproxy.sock"
        self.config = directory / "haproxy.cfg"
        self.config.write_text(
            CONFIG.format(socket=self.socket, port=self.port, servers="\n    ".join(servers))
        )

        self.old = None

    def start(self, *more):
        argv = ["/usr/sbin/haproxy", "-db", "-f", self.config, *more]
        self.spawn(argv, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + patient(60)
        while not self.listens():
            assert self.running, "haproxy ended"
            assert time.monotonic() < deadline, "haproxy does not listen"
            time.sleep(0.01)
        return self

    def reload(self):
        """As service managers do it: a new process takes over, the old one ends with its calls."""
        self.old, self.child = self.child, None
        self.start("-sf", self.old.pid)

    def listens(self):
        try:
            return f"Pid: {self.child.pid}\n" in self.ask("show info")  # the old one would answer too
        except OSError:
            return False

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            connection.connect(str(self.socket))
            connection.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()

    def servers(self):
        """name -> Server, of the backend."""
        rows = [line.split() for line in self.ask("show servers state coupon").splitlines()]
        return {
            row[3]: Server(row[4], int(row[18]), int(row[5]), int(row[6]), int(row[7]))
            for row in rows
            if len(row) > 18 and row[0] != "#"
        }

    def serving(self):
        """port -> weight of those that get calls."""
        return {
            server.port: server.weight
            for server in self.servers().values()
            if not server.admin & (MAINTENANCE | DRAIN) and server.state == 2
        }

    def close(self):
        self.kill()
        if self.old is not None:
            self.old.kill()
            self.old.wait(60)
