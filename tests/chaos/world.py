# SPDX-License-Identifier: Apache-2.0
"""All processes of a run, and the thread that lets each fault happen at its time."""

import contextlib
import sys
import threading
import time

from actors import Service, Slot
from cluster import Cluster
from faults import DEEDS
from filewatch import FileWatch
from lib.ports import free_port
from net import Net
from readers import ReaderPlace
from watch import Witness

TTLS = (2, 3, 5)
GROUPS = 4
RESTLESS = 1  # readers that faults end
EXTRA = ("member", "links", "exit", "turns")  # of a fault's record, to be said


def say(text):
    print(text, file=sys.stderr, flush=True)


class World:
    def __init__(self, directory, history, seed, agents):
        self.history, self.seed = history, seed
        self.ended = threading.Event()
        self.threads = []  # one for each fault that is going on
        self.faulty = []  # faults that could not be done
        self.net = Net(history)
        self.cluster = Cluster(directory)
        self.services, self.slots, self.readers = [], [], []
        for group in range(GROUPS):
            for index, member in enumerate(self.cluster.members):
                self.net.link(f"{group} {index}", free_port(), member.port)
        for member in self.cluster.members:
            self.net.link(f"to {member.name}", member.proxy_port, member.peer_port)
        for index in range(agents):
            self._place(index, directory, history)
        for index in range(GROUPS + RESTLESS):
            self._place_reader(index, directory, history)
        self.restless = [place for place in self.readers if not place.steady]
        self.witness = Witness(self.cluster, history)
        self.files = FileWatch(self.readers, history)

    def _place(self, index, directory, history):
        """Every third agent has two services, every sixth three."""
        count = 1 + (index % 3 == 0) + (index % 6 == 0)
        ttl = TTLS[index % len(TTLS)]
        names = [f"service-{index}-{part}" for part in range(count)]
        services = [Service(name, ttl, history) for name in names]
        group = index % GROUPS
        steady = index % 3 == 1
        endpoints = self._endpoints(group)
        slot = Slot(f"a{index}", services, group, endpoints, steady, directory, history)
        self.slots.append(slot)
        self.services += services
        for service in services:
            history.keys[service.key] = {"ttl": ttl, "group": group}

    def _place_reader(self, index, directory, history):
        """One for each group that no fault ends, and then those that faults do end."""
        group, steady = index % GROUPS, index < GROUPS
        endpoints = self._endpoints(group)
        reader = ReaderPlace(
            f"r{index}", self.services, group, endpoints, steady, directory, history
        )
        self.readers.append(reader)

    def _endpoints(self, group):
        ports = [each["listen"] for each in self.net.links if each["name"].startswith(f"{group} ")]
        return "[" + ", ".join(f"127.0.0.1:{port}" for port in ports) + "]"

    @property
    def places(self):
        return [*self.slots, *self.readers]

    def start(self):
        say(
            f"{len(self.slots)} agents, {len(self.services)} services, 3 members, "
            f"{len(self.readers)} readers"
        )
        self.net.start()
        self.cluster.start()
        self.witness.start()
        self.files.start()
        for service in self.services:
            service.start()
        for place in self.places:
            place.start()

    # ---- faults --------------------------------------------------------------------------

    def play(self, faults):
        """Lets the faults happen, each in a thread of its own, and waits for their ends."""
        start = time.monotonic()
        for fault in faults:
            while time.monotonic() - start < fault.at:
                time.sleep(min(0.5, max(0.001, start + fault.at - time.monotonic())))
                self.look_after()
            thread = threading.Thread(target=self._happen, args=(fault,), daemon=True)
            self.threads.append(thread)
            thread.start()
        for thread in self.threads:
            thread.join()
        self.threads.clear()

    def _happen(self, fault):
        begin = time.monotonic()
        record = {"kind": fault.kind, "victim": fault.victim, "begin": begin}
        try:
            DEEDS[fault.kind](self, fault, record)
        except Exception as trouble:  # a fault that could not be done must be known
            if not self.ended.is_set():
                self.faulty.append(f"{fault}: {trouble!r}")
                say(f"could not: {fault}: {trouble!r}")
        record["end"] = time.monotonic()
        self.history.add("faults", record)
        at = begin - self.history.begin
        extra = "".join(f" {k}={v}" for k, v in record.items() if k in EXTRA)
        say(f"{at:8.2f} {fault.kind} {fault.victim} {record['end'] - begin:.2f} s{extra}")

    def look_after(self):
        """An agent that ended by itself is written down, and started again."""
        for place in self.places:
            agent = place.agent
            if agent.wanted and not agent.running:
                self._mourn(agent, agent.complaint())
                place.start()

    def _mourn(self, agent, what):
        say(f"{agent.ident}: {what}")
        death = {"agent": agent.ident, "at": time.monotonic(), "what": what}
        self.history.add("deaths", death)

    # ---- the end -------------------------------------------------------------------------

    def agents(self):
        return [agent for place in self.places for agent in place.made]

    def withdraw(self):
        """All agents leave as they should; what they complained of is written down."""
        for place in self.places:
            code = place.agent.terminate()
            if code != 0:
                self._mourn(place.agent, f"exited {code} when asked to end, at rest")
        for agent in self.agents():
            what = agent.complaint()
            if what:
                self._mourn(agent, what)

    def close(self):
        """Ends every process, however it went. A fault may just be starting one: so twice."""
        self.ended.set()
        self.files.close()
        self._kill_all()
        for thread in self.threads:
            thread.join(30)
        self._kill_all()

    def _kill_all(self):
        processes = [*self.agents(), *(s.server for s in self.services)]
        processes = [*processes, *self.cluster.members, self.net]
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                if process.child is not None:
                    process.child.kill()
        for process in processes:
            if process.child is not None:
                process.child.wait(10)
