# SPDX-License-Identifier: Apache-2.0
"""Real gRPC servers in processes of their own: "py" (C-core), "go" and "node".

They take the same options and are steered by the same lines on stdin:

    status NAME STATUS   set a health status; "-" is the whole server
    graceful             stop gracefully; "stopped" is written when the library says it has
    checks               how often Check was called: "checks N" is written; only Go's can

SIGTERM stops them gracefully too, and then ends them; they write "terminating" first.
Each writes "ready" once it listens and "done" after each line obeyed; end of stdin ends it.
"""

import os
import pathlib
import signal
import subprocess
import sys

from lib.lines import Lines
from lib.ports import free_port
from lib.process import Process

SERVERS = pathlib.Path(__file__).parent.parent / "servers"
PEERS = pathlib.Path(os.environ.get("SVC_PEERS", "."))

COMMANDS = {
    "py": [sys.executable, str(SERVERS / "python" / "server.py")],
    "go": [str(PEERS / "go-server")],
    "node": ["node", str(PEERS / "node" / "server.js")],
}
KINDS = list(COMMANDS)


class Server(Process):
    def __init__(
        self, kind, listen=None, health="full", max_age=0, max_streams=0, statuses=None,
        tls=None, client_ca=None,
    ):  # fmt: skip
        """`listen`: host:port or unix:/path, by default a free port. `max_age` in ms.

        `max_streams` on one connection, 0 for no limit; Node's has no such setting. `tls` has
        the PEM files `cert` and `key`; a client must show a certificate that `client_ca` signed.
        Node's speaks no TLS.
        """
        self.port = None
        if listen is None:
            self.port = free_port()
            listen = f"127.0.0.1:{self.port}"
        self.argv = list(COMMANDS[kind])
        if tls:
            self.argv += [f"--tls-cert={tls.cert}", f"--tls-key={tls.key}"]
        if client_ca:
            self.argv.append(f"--client-ca={client_ca}")
        self.argv += [f"--listen={listen}", f"--health={health}"]
        self.argv.append(f"--max-age={max_age}")
        self.argv.append(f"--max-streams={max_streams}")
        for name, status in (statuses or {"": "SERVING"}).items():
            self.argv.append(f"--status={name}={status}")
        self.said = None

    def start(self):
        self.spawn(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.said = Lines(self.child.stdout, self.argv[-5])
        self.said.wait("^ready$", timeout=120)
        return self

    def tell(self, line):
        said = len(self.said.lines)
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        self.said.wait("^done$", since=said)

    def status(self, status, name="-"):
        self.tell(f"status {name} {status}")

    def graceful(self):
        self.tell("graceful")

    def terminate(self):
        """The graceful stop has begun when this returns."""
        self.signal(signal.SIGTERM)
        self.said.wait("^terminating$")

    def wait_stopped(self, timeout=30):
        self.said.wait("^stopped$", timeout)
