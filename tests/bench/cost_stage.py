# SPDX-License-Identifier: Apache-2.0
"""A release agent under valgrind's callgrind, with an etcd and a server that counts its probes.

Instructions are counted from one dump of callgrind to the next, and what was done for them is in the
same dumps: so often were those functions called that do it. What the server and etcd have counted tells
when to dump, and whether these are still the functions.
"""

import contextlib
import http.client
import pathlib
import re
import signal
import subprocess
import sys
import time

from cost_figures import DONE_BY, Profile
from lib.agent import BINARY, Agent
from lib.descriptor import descriptor
from lib.etcd import Etcd
from lib.gateway import under
from lib.metrics import Metrics
from lib.ports import free_port
from lib.servers import Server

NAME = "service-{:05}"
NEVER = "1h"
PATIENCE = "60s"  # with calls of an agent that is so much slower than it is
SETTLE_S = 0.1  # what a lone probe or renewal needs to come to its end
PREFIX = "/services/"


class Counted(Agent):
    """Under callgrind, which dumps into `directory`, and makes system calls that no agent needs."""

    words = ("--seccomp", "off")

    def __init__(self, directory, configs):
        self.directory = directory
        self.out = directory / "callgrind.out"
        self.vgdb = f"--vgdb-prefix={directory / 'vgdb'}"
        self.dumps = 0
        super().__init__(configs)

    def start(self):
        valgrind = ["valgrind", "--tool=callgrind", "--quiet", self.vgdb]
        # valgrind writes the code that it runs, which the filter of system calls does not allow.
        self.argv = [*valgrind, f"--callgrind-out-file={self.out}", *self.argv, "--seccomp", "off"]
        super().start()

    def dump(self):
        """The file with all that was done since the last one."""
        self.dumps += 1
        argv = ["vgdb", self.vgdb, f"--pid={self.child.pid}", "dump"]
        subprocess.run(argv, check=True, capture_output=True, timeout=300)
        return pathlib.Path(f"{self.out}.{self.dumps}")

    def end(self, timeout=900):
        """The file with all since the last dump, of the whole way out."""
        self.terminate()
        with contextlib.redirect_stdout(sys.stderr):  # standard output is for tables
            assert self.wait_exit(timeout) == 0, self.log.lines[-20:]
        return self.out


class Stage:
    """`n` services of one agent, all on one port, each with a lease of its own."""

    def __init__(self, directory, n, interval, ttl, ends):
        self.n = n
        self.etcd = Etcd(directory)
        self.etcd.careful = True
        ends.callback(self.etcd.stop)
        self.etcd.start()
        self.server = Server("go")
        ends.callback(self.server.kill)
        self.server.start()
        self.metrics = Metrics(free_port())
        self.configs = directory / "services"
        self.configs.mkdir()
        self.write(interval, ttl)
        self.agent = Counted(directory, [self.configs])
        ends.callback(self.agent.kill)

    def write(self, interval, ttl):
        for i in range(self.n):
            first = {"admin": {"listen": f"127.0.0.1:{self.metrics.port}"}} if i == 0 else {}
            text = descriptor(
                self.etcd, self.server.port, name=NAME.format(i),
                probe={"interval": interval, "timeout": PATIENCE}, register={"ttl": ttl},
                etcd={"request_timeout": PATIENCE}, **first,
            )  # fmt: skip
            (self.configs / f"{i:05}.yaml").write_text(text)

    def listed(self):
        asked = {**under(PREFIX), "count_only": True}
        return int(self.etcd.call("kv/range", asked).get("count", 0))

    def wait_listed(self, n, timeout=900):
        self._wait(lambda: self.listed() == n, timeout, lambda: f"{self.listed()} of {n} are listed")

    def _wait(self, holds, timeout, what):
        deadline = time.monotonic() + timeout
        while not holds():
            assert self.agent.running, self.agent.log.lines[-20:]
            assert time.monotonic() < deadline, what()
            time.sleep(0.01)

    def probes(self):
        said = len(self.server.said.lines)
        self.server.tell("checks")
        return int(self.server.said.find(r"^checks (\d+)$", said)[0].group(1))

    def _etcd_metric(self, name, method):
        connection = http.client.HTTPConnection("127.0.0.1", self.etcd.port, timeout=60)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        found = re.search(rf'^{name}\{{.*grpc_method="{method}".*\}} (\d+)', text, re.M)
        return int(found.group(1)) if found else 0

    def renewals(self):
        return self._etcd_metric("grpc_server_msg_received_total", "LeaseKeepAlive")

    def wait_count(self, count, more, timeout=900):
        least = count() + more
        self._wait(lambda: count() >= least, timeout, lambda: f"{count()} of {least} were counted")
        time.sleep(SETTLE_S)

    def window(self, what, events):
        """(Profile, Work) of the time in which so many probes or renewals were done, or some more."""
        count = getattr(self, what)
        self.wait_count(count, 1)
        self.agent.dump()
        before = count()
        self.wait_count(count, events)
        dump, seen = self.agent.dump(), count() - before
        profile = Profile(dump.read_text())
        work = profile.work(pathlib.Path(BINARY).name)
        done = getattr(work, what)
        assert abs(done - seen) <= max(2, seen / 3), (
            f"{seen} {what} were seen, but {getattr(DONE_BY, what)} was called {done} times"
        )
        return profile, work

    def phases(self):
        """(name, Profile) of a life from exec to exit."""
        yield "start until all are listed", self._profile(lambda: self.wait_listed(self.n))
        yield "all flip: until none is listed", self._profile(lambda: self._flip("NOT_SERVING", 0))
        yield "all flip back", self._profile(lambda: self._flip("SERVING", self.n))
        yield "reload, nothing changed", self._profile(lambda: self._reload(f"unchanged={self.n} ", 0))
        self.write(NEVER, "59m")
        yield "reload, all changed", self._profile(lambda: self._reload(f" changed={self.n} ", self.n))
        yield "/metrics", self._profile(self.metrics.text)
        yield "/status", self._profile(lambda: self.metrics.ask("GET", "/status"))
        yield "end", Profile(self.agent.end().read_text())

    def _profile(self, work):
        work()
        return Profile(self.agent.dump().read_text())

    def _flip(self, status, n):
        self.server.status(status)
        self.wait_listed(n)

    def _reload(self, pattern, grants):
        said = len(self.agent.log.lines)
        least = self._grants() + grants
        self.agent.signal(signal.SIGHUP)
        self.agent.wait_log(pattern, 900, said)
        self._wait(lambda: self._grants() >= least, 900, lambda: "not all have a new lease")
        self._wait(lambda: len(self.etcd.leases()) == self.n, 900, lambda: "not all old ones are gone")

    def _grants(self):
        return self._etcd_metric("grpc_server_started_total", "LeaseGrant")
