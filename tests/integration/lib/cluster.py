# SPDX-License-Identifier: Apache-2.0
"""A cluster of three under an agent: who leads, who is in use, and a clock beside it."""

import contextlib
import time

from lib.descriptor import descriptor, key_of
from lib.gateway import encode
from lib.patience import patient
from lib.sockets import connected_ports


def status_of(member):
    return member.ask("maintenance/status", {})


def leader_of(members):
    """The one that all of them take for their leader; None while they do not agree."""
    statuses = {member: status_of(member) for member in members}
    named = {status.get("leader") for status in statuses.values()}
    return next((m for m, s in statuses.items() if named == {s["header"]["member_id"]}), None)


def lead(members, member):
    """Makes this member the leader, without any fault; all of them know it then."""
    deadline = time.monotonic() + patient(60)
    while (now := leader_of(members)) is not member:
        assert time.monotonic() < deadline, "it does not become the leader"
        if now is not None:
            target = status_of(member)["header"]["member_id"]
            with contextlib.suppress(AssertionError):  # what is refused has been done, or is asked again
                now.call("maintenance/transfer-leadership", {"targetID": target})
        time.sleep(0.02)


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
        [kv] = member.ask("kv/range", {"key": encode(self.key)})["kvs"]
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

    def lead(self, member):
        """Makes this member the leader, without any fault."""
        lead(self.members, member)

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
