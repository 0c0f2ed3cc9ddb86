# SPDX-License-Identifier: Apache-2.0
"""etcd is out of reach while the service flips; then it is back.

A proxy between the two is closed and opened again, so etcd and the witness go on meanwhile, and
what a lease does by itself can be told from what the agent does.
"""

import re

import pytest

from lib.descriptor import descriptor, key_of
from lib.ports import free_port
from lib.proxy import TcpProxy

TTL = 5  # what a lease has left, two thirds of it at least, is more than a machine stands still for
TRIES = re.compile(r"warn  cannot .* tries=(\d+)")


class Line:
    """A registered service whose agent reaches etcd through a proxy."""

    def __init__(self, serve, agent, etcd, closing, ttl):
        self.server, self.proxy = serve(), closing(TcpProxy(etcd.port))
        self.key, self.watch = key_of(self.server.port), etcd.watch()
        self.agent = agent(
            descriptor(
                f"[{self.proxy.endpoint}]",
                self.server.port,
                register={"ttl": f"{ttl}s"},
                etcd={"request_timeout": "1s"},
            )
        )
        self.put = self.watch.put(self.key)
        self.agent.wait_log("Service registered")  # the answer is not cut off any more

    def flip(self, status, change):
        self.server.status(status)
        self.agent.wait_health(change)


@pytest.fixture
def line(serve, agent, etcd, closing):
    """Makes a Line with a TTL of five seconds, or of any other."""
    return lambda ttl=TTL: Line(serve, agent, etcd, closing, ttl)


def test_unhealthy_while_away_goes_with_its_lease_and_stays_gone(line, etcd):
    at = line()
    at.proxy.cut()
    at.flip("NOT_SERVING", "up -> down")
    # A lease that was granted after this moment runs out after the key has gone; etcd looks for
    # leases that have run out twice a second, and ends those that it finds in any order.
    etcd.outlast(TTL)
    at.watch.gone(at.key)
    at.proxy.open()
    at.agent.wait_log("etcd answers again")
    etcd.outlast(TTL)
    at.watch.nothing_more(at.key)
    assert etcd.kept_leases(at.agent) == []


def test_unhealthy_while_away_is_withdrawn_as_soon_as_etcd_is_back(line, etcd):
    at = line(60)
    at.proxy.cut()
    at.flip("NOT_SERVING", "up -> down")
    at.agent.wait_log("cannot revoke the lease yet")
    at.proxy.open()
    at.watch.gone(at.key)
    at.agent.wait_log("Service deregistered")
    etcd.outlast(TTL)
    at.watch.nothing_more(at.key)
    assert etcd.kept_leases(at.agent) == []


def test_healthy_again_while_away_is_listed_when_etcd_is_back(line, etcd):
    at = line()
    at.proxy.cut()
    at.flip("NOT_SERVING", "up -> down")
    at.flip("SERVING", "down -> up")
    at.watch.gone(at.key)  # nobody could renew it
    at.proxy.open()
    again = at.watch.put(at.key)
    etcd.outlast(TTL)
    at.watch.nothing_more(at.key)
    assert etcd.kept_leases(at.agent) == [again.lease]


def test_healthy_again_before_its_lease_ran_out_ends_with_one_lease(line, etcd):
    at = line(60)
    at.proxy.cut()
    at.flip("NOT_SERVING", "up -> down")
    at.agent.wait_log("cannot revoke the lease yet")
    at.flip("SERVING", "down -> up")
    at.proxy.open()
    # The revoke may have reached etcd, for all the agent knows: it makes sure of that first.
    at.watch.gone(at.key)
    again = at.watch.put(at.key)
    etcd.outlast(TTL)
    at.watch.nothing_more(at.key)
    assert etcd.kept_leases(at.agent) == [again.lease]


def test_healthy_and_away_for_longer_than_the_ttl(line, etcd):
    at = line()
    at.proxy.cut()
    at.watch.gone(at.key)
    at.proxy.open()
    again = at.watch.put(at.key)
    assert again.lease != at.put.lease
    assert again.value == at.put.value
    # The gap is said: how long ago its lease was certain for the last time.
    lost = at.agent.wait_log(r"warn  lease lost.* last_renewed_before=(\d+(\.\d+)?)s")
    assert float(lost.group(1)) >= TTL
    etcd.outlast(TTL)
    at.watch.nothing_more(at.key)
    assert etcd.kept_leases(at.agent) == [again.lease]
    assert at.agent.log.count("Service deregistered") == 0


def test_healthy_and_away_for_less_than_the_ttl(line, etcd):
    at = line(12)
    at.proxy.cut()
    at.agent.wait_log("cannot renew the lease yet")
    at.proxy.open()
    at.agent.wait_log("etcd answers again")
    etcd.outlast(12)
    at.watch.nothing_more(at.key)
    assert etcd.kept_leases(at.agent) == [at.put.lease]


def assert_powers_of_two(agent, since=0):
    """While etcd is away, lines come at the tries 1, 2, 4, 8, 16: ever more seldom."""
    said = [int(found.group(1)) for found in map(TRIES.search, agent.log.lines[since:]) if found]
    assert said == [2**n for n in range(len(said))], said


def test_etcd_that_stays_away_ends_nothing_and_fills_no_log(line, etcd):
    at = line(2)
    since = len(at.agent.log.lines)
    at.proxy.cut()
    at.agent.wait_log("tries=16 ", timeout=120)
    assert_powers_of_two(at.agent, since)
    assert at.agent.running
    assert at.agent.log.count("Service deregistered") == 0
    at.watch.gone(at.key)
    at.proxy.open()
    at.watch.put(at.key)
    at.agent.wait_log("info  etcd answers again .*tries=")


def test_etcd_that_was_never_there_ends_nothing_and_fills_no_log(serve, agent):
    server = serve()
    sidecar = agent(descriptor(f"[127.0.0.1:{free_port()}]", server.port))
    sidecar.wait_health("unknown -> up")
    sidecar.wait_log("cannot get a lease yet.* tries=4 ", timeout=60)
    assert_powers_of_two(sidecar)
    assert sidecar.running


def test_etcd_that_is_silent_while_a_lease_is_asked_for(serve, agent, etcd, closing):
    server, proxy = serve(), closing(TcpProxy(etcd.port))
    key, watch = key_of(server.port), etcd.watch()
    proxy.freeze()
    sidecar = agent(
        descriptor(
            f"[{proxy.endpoint}]",
            server.port,
            register={"ttl": f"{TTL}s"},
            etcd={"request_timeout": "1s"},
        )
    )
    sidecar.wait_log("cannot get a lease yet.* tries=4 ", timeout=60)
    proxy.thaw()
    put = watch.put(key)
    assert etcd.kept_leases(sidecar) == [put.lease]
    # What was asked before may have been granted late: those leases lapse, without a key.
    for lease in etcd.leases():
        if lease != put.lease:
            etcd.wait_lease_gone(lease)
    etcd.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.kept_leases(sidecar) == [put.lease]
