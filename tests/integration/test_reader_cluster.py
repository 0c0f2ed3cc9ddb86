# SPDX-License-Identifier: Apache-2.0
"""A reader on a cluster of three that loses members: its file goes on to follow.

Whoever listens to a member that is stopped hears nothing at all. An audit finds that something was
missed, but a member that goes on after seven seconds is there before it.
"""

import http.client
import threading
import time

import pytest

from lib.cluster import lead, leader_of
from lib.counters import counter
from lib.document import addresses
from lib.partition import Partition
from lib.reader import at, put

# What has been put is listed so soon after etcd has acknowledged it, seconds.
FOLLOWS = 25.0


class Writer:
    """Puts one instance after the other through the given members, in a thread of its own."""

    def __init__(self, members, first=100):
        self.members, self.next = members, first
        self.acknowledged = {}  # address -> when
        self._news = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def _write(self):
        while not self._stop.wait(0.1):
            while not self._put():
                time.sleep(0.1)  # it may have been put all the same, so it has to be acknowledged

    def _put(self):
        for member in self.members:
            try:
                put(member, self.next)
            except (AssertionError, OSError, http.client.HTTPException):
                continue  # there is no leader now, or this one is away
            with self._news:
                self.acknowledged[f"localhost:{self.next}"] = time.monotonic()
                self._news.notify_all()
            self.next += 1
            return True
        return False

    def wait_acknowledged(self, count, timeout=60):
        with self._news:
            assert self._news.wait_for(lambda: len(self.acknowledged) >= count, timeout)

    def stop(self):
        self._stop.set()
        self._thread.join(120)
        assert not self._thread.is_alive(), "nothing can be put any more"
        assert self.acknowledged, "nothing could be put at all"
        return self.acknowledged


def watches(member):
    return counter(member, "etcd_debugging_mvcc_watcher_total")


def wait_one(found, what):
    """Waits until found() has one element, and returns it."""
    deadline = time.monotonic() + 60
    while len(seen := found()) != 1:
        assert time.monotonic() < deadline, f"{what} is with {seen}"
        time.sleep(0.02)
    return seen[0]


class Followed:
    """A cluster and a reader of it; `watched` is the member that its watch is with."""

    def __init__(self, members, follow, **sections):
        self.members = members
        put(members[0], 1)
        endpoints = f"[{', '.join(m.endpoint for m in members)}]"
        self.agent, self.document = follow(endpoints, audited=True, **sections)
        self.document.lists(*at(1))
        self.watched = self.find_watch()

    def find_watch(self):
        """Only before the tests themselves watch anything."""
        return wait_one(lambda: [m for m in self.members if watches(m)], "the watch")

    @property
    def leader(self):
        return leader_of(self.members)

    def lead(self, member):
        """Makes it the leader; the watch may move over it."""
        lead(self.members, member)
        self.watched = self.find_watch()

    def others(self, *members):
        return [m for m in self.members if m not in members]

    def victim(self, is_watched, leads):
        """A member in this role, after leadership has been moved to where that wants it."""
        for _ in range(50):
            self.lead(self.watched if is_watched == leads else self.others(self.watched)[0])
            if (self.watched is self.leader) == (is_watched == leads):
                break
        found = [self.watched] if is_watched else self.others(self.watched)
        found = [m for m in found if (m is self.leader) == leads]
        assert found, "the watch moves with every change of the leader"
        return found[0]

    def assert_follows(self, acknowledged):
        """All that was put is listed, soon after each was acknowledged, and nothing went."""
        self.document.lists(*at(1), *acknowledged, timeout=FOLLOWS)
        late = {}
        for address, when in acknowledged.items():
            [seen, *_] = [v.at for v in self.document.versions if address in addresses(v.document)]
            late[address] = seen - when
        latest = max(late.values())
        print(f"listed {latest:.3f} s after it was acknowledged, at the latest")
        assert latest < FOLLOWS
        counts = [len(v.document["instances"]) for v in self.document.versions]
        assert counts == sorted(counts), f"instances went in between: {counts}"


VICTIMS = {
    "its member, which leads": (True, True),
    "its member, which follows": (True, False),
    "the leader, which is not its member": (False, True),
    "another follower": (False, False),
}


@pytest.fixture
def followed(etcds, follow):
    return Followed(etcds(cluster=True), follow)


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_member_is_stopped_for_seven_seconds(victim, followed):
    hurt = followed.victim(*VICTIMS[victim])
    [witness, other] = followed.others(hurt)
    hurt.pause()
    writer = Writer([witness, other])
    witness.wait_ready()  # if it was the leader, another is elected first
    witness.outlast(6)
    hurt.resume()
    hurt.wait_ready()
    followed.assert_follows(writer.stop())


def test_the_leader_is_killed(followed):
    hurt = followed.victim(True, True)
    [witness, other] = followed.others(hurt)
    hurt.kill()
    writer = Writer([witness, other])
    witness.wait_ready()
    witness.outlast(3)
    followed.assert_follows(writer.stop())
    put(witness, 99)
    followed.document.wait(lambda d: "localhost:99" in addresses(d))


def test_all_three_are_restarted_one_after_the_other(followed):
    acknowledged = {}
    for number, member in enumerate(followed.members):
        writer = Writer(followed.others(member), first=100 * number + 100)
        member.stop()
        writer.wait_acknowledged(5)
        member.start()
        acknowledged.update(writer.stop())
    followed.assert_follows(acknowledged)


def test_a_member_that_is_isolated_is_left(tmp_path, closing, follow):
    """It goes on to serve its clients, but hears of nothing: asked as we ask, it says so."""
    partition = closing(Partition(tmp_path)).start()
    followed = Followed(partition.members, follow)
    alone = followed.watched
    [witness, other] = followed.others(alone)
    partition.isolate(alone)
    witness.wait_ready()
    writer = Writer([witness, other])
    witness.outlast(3)
    followed.assert_follows(writer.stop())
    wait_one(lambda: [m for m in [alone] if not watches(m)], "nobody's watch")
    partition.heal(alone)
    put(witness, 99)
    followed.document.wait(lambda d: "localhost:99" in addresses(d))
