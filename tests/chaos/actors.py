# SPDX-License-Identifier: Apache-2.0
"""Services and agents: real processes that write down the truth about themselves.

What the harness does to a process takes a moment. From before the deed until after it the
track says "unclear", so the judge counts nothing on either side.
"""

import os
import signal
import subprocess
import threading
import time

from lib.agent import BINARY, SANITIZER_REPORT, environment
from lib.descriptor import descriptor, key_of
from lib.ports import free_port
from lib.process import Process
from lib.servers import Server

PROBE = {"interval": "400ms", "timeout": "500ms", "failure_threshold": "3"}
INTERVALS = ("400ms", "390ms")  # a reload goes from one to the other: no bound depends on it
REQUEST_TIMEOUT = 0.5
ETCD = {"request_timeout": f"{int(REQUEST_TIMEOUT * 1000)}ms"}
EXIT_WITHIN = 20  # seconds from SIGTERM


class Service:
    def __init__(self, name, ttl, history):
        self.name, self.ttl, self.history = name, ttl, history
        self.port = free_port()
        self.key = key_of(self.port, name)
        self.server = Server("go", listen=f"127.0.0.1:{self.port}")
        history.state(f"service {self.key}", "gone", history.begin)

    def change(self, state, deed):
        track = f"service {self.key}"
        self.history.state(track, "unclear", time.monotonic())
        deed()
        self.history.state(track, state, time.monotonic())

    def start(self):
        self.change("up", self.server.start)

    def kill(self):
        self.change("gone", self.server.kill)

    def terminate(self):
        self.change("gone", self._terminate)

    def _terminate(self):
        self.server.signal(signal.SIGTERM)
        self.server.child.wait(10)

    def pause(self):
        self.change("hang", self.server.pause)

    def resume(self):
        self.change("up", self.server.resume)

    def flip(self):
        self.change("flip", lambda: self.server.status("NOT_SERVING"))

    def serve(self):
        self.change("up", lambda: self.server.status("SERVING"))


class Sidecar(Process):
    """One agent process; `ident` is never used again. `descriptors`: name -> text."""

    def __init__(self, ident, descriptors, directory, history):
        self.ident, self.history = ident, history
        self.wanted = True  # nobody has asked it to end
        self.log = directory / f"{ident}.log"
        self.folder = directory / ident
        self.folder.mkdir()
        self.admin = f"unix:{directory / ident}.sock"
        for name, text in descriptors.items():
            self.describe(name, text)

    def describe(self, name, text):
        """Writes, or replaces, a descriptor as a whole: the agent may be reading just now."""
        fresh = self.folder.with_suffix(f".{threading.get_ident()}")
        fresh.write_text(text)
        os.replace(fresh, self.folder / f"{name}.yaml")

    def forget(self, name):
        (self.folder / f"{name}.yaml").unlink()

    def _state(self, state):
        self.history.state(f"agent {self.ident}", state, time.monotonic())

    def start(self):
        self._state("unclear")
        with open(self.log, "ab") as log:
            self.spawn(
                [BINARY, "--config", self.folder],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self._state("running")

    def kill(self):
        self.wanted = False
        if self.child is not None:
            self._state("unclear")
            super().kill()
            self._state("ended")

    def freeze(self):
        self._state("unclear")
        self.pause()
        self._state("paused")

    def thaw(self):
        self._state("unclear")
        self.resume()
        self._state("running")

    def hang_up(self):
        """Nothing happens when it has ended meanwhile."""
        self.child.send_signal(signal.SIGHUP)

    def has_begun(self):
        """Whether it has got as far as its log: from then on a hangup ends nobody."""
        return self.running and self.log.stat().st_size > 0

    def ask(self, *words, seconds):
        """Runs a command that speaks to it; the exit code, or None without an end in time."""
        argv = [BINARY, *words, "--admin", self.admin]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        with open(self.log.with_suffix(".asked"), "ab") as said:
            try:
                done = subprocess.run(
                    argv, env=environment(), stderr=said, timeout=seconds, check=False, **quiet
                )
            except subprocess.TimeoutExpired:
                return None
        return done.returncode

    def terminate(self):
        """SIGTERM, and the exit code; None when it had to be killed."""
        self.wanted = False
        self._state("unclear")
        self.signal(signal.SIGTERM)
        try:
            code = self.child.wait(EXIT_WITHIN)
        except subprocess.TimeoutExpired:
            super().kill()
            code = None
        self._state("ended")
        return code

    def complaint(self):
        """A sanitizer's report, or an end that nobody asked for; or nothing."""
        with open(self.log, errors="backslashreplace") as log:
            reported = [line for line in log if SANITIZER_REPORT.search(line)]
        if reported:
            return reported[0].strip()
        if self.wanted and self.child is not None and not self.running:
            return f"ended by itself: {self.child.returncode}"
        return ""


class Place:
    """A place in the world for one agent, now and later. What it is there for is said below.

    The agent of a steady place is never ended by a fault: what it takes of memory and
    descriptors is compared over the whole run.
    """

    def __init__(self, name, group, endpoints, steady, directory, history):
        self.name, self.group, self.endpoints, self.steady = name, group, endpoints, steady
        self.directory, self.history = directory, history
        self.made = []
        self.agent = None

    def descriptors(self, ident):
        """name -> text."""
        raise NotImplementedError

    def enlist(self, ident):
        """Writes down what the agent is there for."""
        raise NotImplementedError

    def _make(self):
        ident = f"{self.name}.{len(self.made)}"
        agent = Sidecar(ident, self.descriptors(ident), self.directory, self.history)
        self.enlist(ident)
        self.made.append(agent)
        agent.start()
        return agent

    def start(self):
        self.agent = self._make()


class Slot(Place):
    """Some services and the agent that registers them."""

    def __init__(self, name, services, *rest):
        super().__init__(name, *rest)
        self.services = services
        self.upkeep = threading.Lock()  # of the files of its agents
        self.draining = threading.Lock()
        self.turns = 0  # how often one of them was written anew

    def descriptors(self, ident):
        return {service.name: self.text(service, ident) for service in self.services}

    def text(self, service, ident, interval=INTERVALS[0], turn=0):
        return descriptor(
            self.endpoints,
            service.port,
            service.name,
            service={"metadata": f"{{by: {ident}, turn: {turn}}}"},
            register={"ttl": f"{service.ttl}s"},
            etcd=ETCD,
            probe={**PROBE, "interval": interval},
            log={"level": "debug"},
            admin={"listen": f"unix:{self.directory / ident}.sock"},
        )

    def enlist(self, ident):
        self.history.agents[ident] = {
            "keys": [service.key for service in self.services],
            "group": self.group,
            "steady": self.steady,
        }

    def second(self):
        """One more agent for the same keys, beside the one that runs."""
        return self._make()
