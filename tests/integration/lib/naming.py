# SPDX-License-Identifier: Apache-2.0
"""A program that looks for a service through etcd's own resolver for gRPC in Go, and calls it."""

import json
import re
import subprocess

from lib.lines import Lines
from lib.process import Process
from lib.servers import PEERS


class NamingClient(Process):
    def __init__(self, etcd, service):
        argv = [PEERS / "go-naming", f"--etcd={etcd.endpoint}", f"--service={service}"]
        self.spawn(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.said = Lines(self.child.stdout, "go-naming")
        self.complained = Lines(self.child.stderr, "go-naming")
        self.said.wait("^ready$", timeout=120)

    def send(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def tell(self, line):
        """What it writes before it has obeyed."""
        since = len(self.said.lines)
        self.send(line)
        end = self.said.wait("^done$", timeout=120, since=since)[1]
        return self.said.lines[since:end]

    def list(self):
        """key -> (address, metadata), as etcd's endpoints.Manager reads them."""
        found = [re.match(r"found (\S+) (\S+) (.*)$", line) for line in self.tell("list")]
        return {m.group(1): (m.group(2), json.loads(m.group(3))) for m in found}

    def call(self):
        """The health that one instance answers with; the next call goes to the next instance."""
        [line] = self.tell("call")
        return line

    def close(self):
        self.kill()
        self.said.join()
        self.complained.join()
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            pipe.close()
