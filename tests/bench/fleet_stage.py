# SPDX-License-Identifier: Apache-2.0
"""A fleet: etcd, one server that answers for all services, and an agent for each of them.

Every process here was started here, and only these are signalled, by their ids.
"""

import contextlib
import datetime
import http.client
import re
import signal
import subprocess
import time

from fleet_figures import added, between, counters, settled
from usage import cpu, memory

PORTS = 100  # on each address, from
FIRST_PORT = 30000  # below the source ports of the kernel, above those of lib.ports
INSTANCES = 10  # of one service
FOLLOWED = 10  # services, by each reader

LOOKS = 20

AGAIN = re.compile(r"^(\S+) info +etcd answers again", re.M)
TROUBLE = (AssertionError, OSError, http.client.HTTPException, ValueError, KeyError)


def places(agents, block):
    """host:port of each service, and what the server is to listen on."""
    hosts = -(-agents // PORTS)
    every = [
        (f"127.0.{block}.{1 + number // PORTS}", FIRST_PORT + number % PORTS)
        for number in range(agents)
    ]
    ports = f"{FIRST_PORT}-{FIRST_PORT + min(agents, PORTS) - 1}"
    return every, f"127.0.{block}.1-{hosts}:{ports}"


class Fleet:
    def __init__(self, directory, options, through_proxy):
        from history import History
        from lib.etcd import Etcd, cluster_of
        from lib.ports import FIRST, BLOCK, free_port
        from lib.servers import Server
        from net import Net

        self.directory, self.options = directory, options
        self.members = cluster_of(directory, options.members) if options.members > 1 else [Etcd(directory)]
        for member in self.members:
            member.careful = True
        block = 1 + (free_port() - FIRST) // BLOCK  # as the ports, ours alone
        self.places, listen = places(options.agents, block)
        self.server = Server("go", listen=listen)
        self.net, self.doors = Net(History()), {}
        if through_proxy:
            for member in self.members:
                self.doors[member] = free_port()
                self.net.link(member.name, self.doors[member], member.port)
        self.agents, self.readers, self.watch = [], [], None

    # ---- the stage ---------------------------------------------------------------------------

    def open(self):
        """Everything but the agents."""
        self.start_etcd()
        self.server.start()
        if self.doors:
            self.net.start()
        for number, (host, port) in enumerate(self.places):
            (self.directory / f"{number}.yaml").write_text(self.descriptor(number, host, port))

    def descriptor(self, number, host, port):
        from lib.descriptor import descriptor

        doors = [f"127.0.0.1:{self.doors.get(each, each.port)}" for each in self.members]
        return descriptor(
            f"[{', '.join(doors)}]", port, f"service-{number // INSTANCES}",
            service={"host": host},
            register={"ttl": f"{self.options.ttl}s"},
            probe={"target": f"{host}:{port}", "interval": f"{self.options.interval:g}s"},
        )  # fmt: skip

    def start_etcd(self):
        """Returns when every member answers, and a new watch is open."""
        for member in self.members:
            member.spawn_only()
        for member in self.members:
            member.wait_ready()
        self.watch = self.members[0].watch()

    def stop_etcd(self, wipe=False):
        for member in self.members:
            member.stop()
            if wipe:
                member.wipe()

    def start_agents(self):
        from lib.agent import BINARY, environment
        from lib.process import Process

        self.agents = []
        for number in range(self.options.agents):
            agent = Process()
            self.agents.append(agent)
            with open(self.log(number), "ab") as log:
                quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
                config = self.directory / f"{number}.yaml"
                agent.spawn([BINARY, "--config", config], env=environment(), stderr=log, **quiet)

    def end_agents(self, number):
        """Sends each of them the signal; returns the statuses that they ended with."""
        for agent in self.agents:
            if agent.running:
                agent.signal(number)
        return [agent.child.wait(60) for agent in self.agents]

    def followed(self):
        """How many instances each reader follows."""
        return min(self.options.agents, FOLLOWED * INSTANCES)

    def start_readers(self):
        """As the agents, but they write what they read."""
        from lib.agent import BINARY, environment
        from lib.process import Process
        from lib.reader import reader

        services = [f"service-{n}" for n in range(-(-self.followed() // INSTANCES))]
        for number in range(self.options.readers):
            files = {name: self.directory / f"reader-{number}-{name}.json" for name in services}
            config = self.directory / f"reader-{number}.yml"
            config.write_text(reader(self.members[number % len(self.members)], files))
            each = Process()
            self.readers.append(each)
            with open(config.with_suffix(".log"), "ab") as log:
                each.spawn([BINARY, "--config", config], env=environment(), stderr=log)

    def wait_readers(self, seconds):
        """Until each has written that all instances are there."""
        deadline = time.monotonic() + seconds
        while True:
            files = list(self.directory.glob("reader-*.json"))
            seen = sum(path.read_text().count('"key"') for path in files)
            if seen == self.followed() * self.options.readers:
                return
            assert time.monotonic() < deadline, f"the readers have {seen} instances"
            time.sleep(0.2)

    def end_readers(self):
        for each in self.readers:
            each.signal(signal.SIGTERM)
        for each in self.readers:
            each.child.wait(60)
        self.readers = []

    def close(self):
        for agent in [*self.agents, *self.readers]:
            if agent.running:
                agent.child.kill()
        for process in [*self.agents, *self.readers, self.server, self.net, *self.members]:
            with contextlib.suppress(Exception):
                process.kill()

    def rule(self, mode):
        for member in self.members:
            self.net.rule(member.name, mode)

    # ---- what is seen --------------------------------------------------------------------------

    def now(self):
        """Where the watch is; what is asked about is what comes after."""
        return len(self.watch.events)

    def wait_each(self, kind, since, seconds):
        """When each key was first put, or deleted, after `since`; whatever came in time."""
        from fleet_figures import first_of_each

        wanted = self.options.agents

        def each(events):
            if len(events) - since < wanted:
                return None
            found = first_of_each(events[since:], kind)
            return found if len(found) >= wanted else None

        with contextlib.suppress(AssertionError):
            self.watch.wait_for(each, seconds, f"{kind} of all keys")
        return first_of_each(self.watch.events[since:], kind)

    def complete(self):
        """Whether each service is listed, on a lease of its own, and no lease is left over."""
        etcd = self.members[0]
        keys, leases = etcd.get(), etcd.leases()
        on = sorted(lease for _, lease in keys.values())
        return len(keys) == self.options.agents and on == leases and len(set(on)) == len(on)

    def wait_complete(self, seconds):
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(*TROUBLE):
                if self.complete():
                    return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)

    def log(self, number):
        return self.directory / f"{number}.log"

    def answered_again(self, since):
        """When, in seconds from the wall clock's `since`, those who missed etcd had it again."""
        out = []
        for number in range(self.options.agents):
            for found in AGAIN.findall(self.log(number).read_text(errors="backslashreplace")):
                at = datetime.datetime.fromisoformat(found.replace("Z", "+00:00")).timestamp()
                if at >= since:
                    out.append(at - since)
                    break
        return out

    # ---- what is counted -------------------------------------------------------------------------

    def leader(self):
        """The member that leads."""
        if len(self.members) == 1:
            return self.members[0]
        for member in self.members:
            status = member.call("maintenance/status", {})
            if status["leader"] == status["header"]["member_id"]:
                return member
        return self.members[0]

    def _page(self, member):
        connection = http.client.HTTPConnection("127.0.0.1", member.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics")
            return connection.getresponse().read().decode()

    def _settled_page(self, member):
        """One that counts what has happened; a second and some looks later any, as etcd may never be at rest."""
        until, looks = time.monotonic() + 1, 2
        before, page = self._page(member), self._page(member)
        while not settled(before, page) and (looks < LOOKS or time.monotonic() < until):
            before, page, looks = page, self._page(member), looks + 1
        return page

    def sample(self):
        """All that is counted, up to now: etcd's counters, and seconds of CPU."""
        out = added([counters(self._settled_page(member)) for member in self.members])
        out["seconds"] = time.monotonic()
        out["etcd"] = sum(cpu(member.child.pid) for member in self.members)
        out["leader"] = cpu(self.leader().child.pid)
        out["agents"] = sum(cpu(agent.child.pid) for agent in self.agents if agent.running)
        return out

    def during(self, work):
        """(what work() returned, what it cost)."""
        before = self.sample()
        out = work()
        return out, between(before, self.sample())

    def etcd_memory(self):
        """RSS of all members, in KiB."""
        return sum(memory(member.child.pid)[0] for member in self.members)

    def agent_memory(self):
        return [memory(agent.child.pid) for agent in self.agents if agent.running]
