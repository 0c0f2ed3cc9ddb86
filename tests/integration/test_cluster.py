# SPDX-License-Identifier: Apache-2.0
"""A cluster of three loses members; the registration does not notice.

The verdict is etcd's own: the revision that created the key, the one that changed it last, its
version and its lease are what they were. The watch sees the same from outside.
"""

import pytest

from lib.cluster import Cluster
from lib.outputs import until

# Who is hurt, as seen from the agent; the last is the follower that holds a renewal back while
# it waits for a leader that does not answer.
VICTIMS = {
    "its member, which leads": (True, True),
    "its member, which follows": (True, False),
    "the leader, while it uses a follower": (False, True),
}


@pytest.fixture
def registered(serve, agent, etcds):
    """Registers a service with a TTL on three members."""
    return lambda ttl: Cluster(etcds(cluster=True), serve(), agent, register={"ttl": ttl})


@pytest.fixture
def cluster(registered):
    """A service that is registered with a TTL of ten seconds."""
    return registered("10s")


def arrange(cluster, victim):
    """The member to hurt, after leadership has moved to where the case wants it."""
    hurt_is_used, hurt_leads = VICTIMS[victim]
    for _ in range(5):
        used = cluster.in_use()
        unused = cluster.others(used)[0]
        cluster.lead(used if hurt_is_used == hurt_leads else unused)
        if cluster.in_use() is used:
            return used if hurt_is_used else unused
    raise AssertionError("moving the leadership makes the agent change its member, each time")


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_member_is_stopped_for_seven_seconds(victim, registered):
    # A leader that goes on may revoke what would have run out for it meanwhile, though it lives: etcd's
    # own fault. Some ten seconds after a renewal, with the election and a slow machine, are no such TTL.
    cluster = registered("20s")
    hurt = arrange(cluster, victim)
    witness = cluster.others(hurt)[0]
    watch = witness.watch()
    watch.put(cluster.key)
    hurt.pause()
    witness.wait_ready()  # if it was the leader, another is elected first
    witness.outlast(7)
    until(lambda: cluster.in_use() is not hurt)  # with the next renewal, if not before
    hurt.resume()
    hurt.wait_ready()
    watch.nothing_more(cluster.key)
    cluster.assert_untouched(witness)
    cluster.assert_untouched(hurt)


def test_the_leader_is_killed(cluster):
    hurt = arrange(cluster, "its member, which leads")
    witness = cluster.others(hurt)[0]
    watch = witness.watch()
    watch.put(cluster.key)
    hurt.kill()
    witness.wait_ready()
    assert cluster.in_use() is not hurt
    witness.outlast(10)
    watch.nothing_more(cluster.key)
    cluster.assert_untouched(witness)


def test_all_three_are_restarted_one_after_the_other(cluster):
    for member in cluster.members:
        member.stop()
        [witness, _] = cluster.others(member)
        witness.wait_ready()
        cluster.assert_untouched(witness)
        member.start()
    witness = cluster.members[0]
    witness.outlast(10)
    cluster.assert_untouched(witness)
