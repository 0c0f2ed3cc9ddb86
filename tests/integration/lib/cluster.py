# SPDX-License-Identifier: Apache-2.0
"""A cluster of three under an agent: who leads, who is in use, and a clock beside it."""

import time

from lib.descriptor import descriptor, key_of
from lib.gateway import encode
from lib.patience import patient
from lib.sockets import connected_ports


class Cluster:
    """Members, one service on them, and what etcd itself remembers of the service's key."""

    def __init__(self, members, server, start_agent, **sections):
        self.members = members
        self.server = server
        self.key = key_of(server.port)
        endpoints = f"[{', '.join(m.endpoint for m in members)}]"
        self.agent = start_agent(descriptor(endpoints, server.port, **sections))
        self.put = members[0].watch().put(self.key)
        self.agent.wait_log("Service registered")
        self.record = self.record_of(members[0])

    def record_of(self, member):
        """(created, modified, version, lease) of the key; a delete or a second put changes it.

        etcd counts for us: a key that was deleted and put again has another creation revision,
        one that was put twice has another version, however short the moment was.
        """
        [kv] = member.call("kv/range", {"key": encode(self.key)})["kvs"]
        return tuple(
            int(kv.get(name, 0)) for name in ("create_revision", "mod_revision", "version", "lease")
        )

    def in_use(self):
        """The member that the agent talks to. It keeps its connection, so there is one."""
        by_port = {m.port: m for m in self.members}
        deadline = time.monotonic() + patient(30)
        while True:
            used = [by_port[p] for p in connected_ports(self.agent.child.pid) if p in by_port]
            if len(set(used)) == 1:
                return used[0]
            assert time.monotonic() < deadline, f"the agent is connected to {used}"
            time.sleep(0.02)

    def others(self, *members):
        return [m for m in self.members if m not in members]

    @staticmethod
    def status(member):
        return member.call("maintenance/status", {})

    def leader(self):
        leader = self.status(self.members[0])["leader"]
        return next(m for m in self.members if self.id_of(m) == leader)

    def id_of(self, member):
        return self.status(member)["header"]["member_id"]

    def lead(self, member):
        """Makes this member the leader, without any fault."""
        now = self.leader()
        if now is not member:
            target = {"targetID": self.id_of(member)}
            now.call("maintenance/transfer-leadership", target)
        assert self.leader() is member

    def assert_untouched(self, witness):
        """Nothing was deleted, put again or moved to another lease since the start."""
        assert self.record_of(witness) == self.record, (
            "the key was deleted, put again or moved to another lease:"
            f" {self.record} -> {self.record_of(witness)}"
        )
        assert witness.leases() == [self.put.lease]
        assert self.agent.log.count("Service deregistered") == 0
        assert self.agent.log.count("lease lost") == 0
        assert self.agent.log.count("Service registered") == 1
