# SPDX-License-Identifier: Apache-2.0
"""Two members of three are away: no majority, so nobody can renew, and nobody can expire."""

import pytest

from lib.cluster import Cluster
from lib.outputs import until
from lib.sockets import connected_ports

TTL = 6


@pytest.fixture
def cluster(serve, agent, etcds):
    return Cluster(etcds(cluster=True), serve(), agent, register={"ttl": f"{TTL}s"})


@pytest.fixture
def clock(etcds):
    """An etcd that nobody uses: its leases tell how long the others have been away."""
    return etcds("clock").start()


def back_with_majority(cluster, lost):
    for member in lost:
        member.start()
    for member in cluster.members:
        member.wait_ready()


def assert_listed_once(cluster):
    """Listed under a lease that lives on, and no other lease is left."""
    witness = cluster.members[0]
    watch = witness.watch()
    watch.wait_for(lambda _: watch.kinds(cluster.key)[-1:] == ["put"], what="it to be listed")
    witness.outlast(TTL)
    [(key, (value, lease))] = witness.get().items()
    assert (key, value) == (cluster.key, cluster.put.value)
    for other in witness.leases():
        if other != lease:
            witness.wait_lease_gone(other)  # one that was lost has run out
    assert witness.leases() == [lease]
    assert cluster.agent.running
    assert cluster.agent.log.count("Service deregistered") == 0
    assert cluster.agent.log.count("-> down") == 0


@pytest.mark.parametrize("away", [TTL - 1, 2 * TTL], ids=["less than a TTL", "more than a TTL"])
def test_no_majority(away, cluster, clock):
    used = cluster.in_use()
    lost = [used, cluster.others(used)[0]]
    for member in lost:
        member.kill()
    cluster.agent.wait_log("warn .*cannot (renew the lease|read the key back) yet")
    clock.outlast(away)
    back_with_majority(cluster, lost)
    assert_listed_once(cluster)


def test_no_majority_and_the_service_dies_meanwhile(cluster):
    used = cluster.in_use()
    lost = [used, cluster.others(used)[0]]
    for member in lost:
        member.kill()
    cluster.server.kill()
    cluster.agent.wait_health("up -> down", reason="REFUSED")
    back_with_majority(cluster, lost)
    witness = cluster.members[0]
    watch = witness.watch()
    watch.wait_for(lambda _: watch.kinds(cluster.key)[-1:] != ["put"], 60, "the key to go")
    witness.outlast(TTL)
    assert witness.get() == {}
    assert witness.leases() == []


def test_connections_that_are_not_used_any_more_are_closed(cluster):
    """Each takes a good part of a megabyte of a member, and there may be thousands of agents."""
    ports = {member.port for member in cluster.members}
    moved = False
    for _ in range(20):  # where the agent goes when all refuse it is chance
        used = cluster.in_use()
        lost, seen = cluster.others(used), len(cluster.agent.log.lines)
        for member in lost:
            member.kill()
        # All have been asked, also the one whose connection is good and that has no leader.
        cluster.agent.wait_log("tries=4", timeout=60, since=seen)
        back_with_majority(cluster, lost)
        assert_listed_once(cluster)
        pid = cluster.agent.child.pid
        until(lambda: sum(port in ports for port in connected_ports(pid)) == 1)
        moved = moved or cluster.in_use() is not used
        if moved:
            break
    assert moved
