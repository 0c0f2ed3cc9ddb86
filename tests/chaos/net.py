# SPDX-License-Identifier: Apache-2.0
"""Steers the proxies of netproxy.py: every byte to and between the members passes there."""

import json
import subprocess
import sys
import threading

from lib.lines import Lines
from lib.process import Process
from paths import HERE

BAD = {"cut", "freeze", "stall"}


class Net(Process):
    def __init__(self, history):
        self.history = history
        self.links = []
        self.said = None
        self._lock = threading.Lock()

    def link(self, name, listen, target):
        self.links.append({"name": name, "listen": listen, "target": target})
        self.history.state(f"link {name}", "clear", self.history.begin)

    def start(self):
        argv = [sys.executable, "-B", HERE / "netproxy.py", json.dumps(self.links)]
        self.spawn(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = Lines(self.child.stdout, "netproxy.py")
        self.said.wait("^ready$")

    def rule(self, name, mode, seconds=0.0, share=0.0):
        """Returns when it is in force."""
        with self._lock:
            said = len(self.said.lines)
            order = {"rule": name, "mode": mode, "seconds": seconds, "share": share}
            self.child.stdin.write(json.dumps(order) + "\n")
            self.child.stdin.flush()
            self.said.wait("^done$", since=said)
