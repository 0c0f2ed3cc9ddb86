# SPDX-License-Identifier: Apache-2.0
"""Three members whose traffic between each other can be held back, in both directions.

The proxies are those of the chaos run (tests/chaos/netproxy.py), in a process of their own.
"""

import json
import pathlib
import subprocess
import sys

from lib.etcd import Etcd, start_cluster
from lib.lines import Lines
from lib.ports import free_port
from lib.process import Process

NETPROXY = pathlib.Path(__file__).parents[2] / "chaos" / "netproxy.py"


class Member(Etcd):
    """The others find it at a proxy."""

    def __init__(self, directory, name):
        super().__init__(directory, name)
        self.proxy_port = free_port()

    @property
    def peer_url(self):
        return f"http://127.0.0.1:{self.proxy_port}"

    @property
    def peer_listen_url(self):
        return f"http://127.0.0.1:{self.peer_port}"


class Partition(Process):
    def __init__(self, directory, size=3):
        self.members = [Member(directory, f"member{i}") for i in range(size)]
        for member in self.members:
            member.members = self.members
        self.said = None

    def start(self):
        links = [
            {"name": m.name, "listen": m.proxy_port, "target": m.peer_port} for m in self.members
        ]
        argv = [sys.executable, "-B", NETPROXY, json.dumps(links)]
        self.spawn(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = Lines(self.child.stdout, "netproxy.py")
        self.said.wait("^ready$")
        start_cluster(self.members)
        return self

    def _set(self, rules, mode):
        for rule in rules:
            said = len(self.said.lines)
            order = {"rule": rule, "mode": mode, "seconds": 0, "share": 0}
            self.child.stdin.write(json.dumps(order) + "\n")
            self.child.stdin.flush()
            self.said.wait("^done$", since=said)

    def _around(self, member):
        """What comes to the member, and what it sends to the others."""
        number = int(member.call("maintenance/status", {})["header"]["member_id"])
        yield member.name
        yield from (f"{other.name}<{number:x}" for other in self.members if other is not member)

    def isolate(self, member):
        """It and the others do not hear each other; clients reach all of them."""
        self._set(self._around(member), "freeze")

    def heal(self, member):
        self._set(self._around(member), "clear")

    def close(self):
        for member in self.members:
            member.stop()
        self.kill()
