# SPDX-License-Identifier: Apache-2.0
"""etcd's bad days, and ours: whatever was lost is put back without help."""

import pytest

from lib.descriptor import descriptor, key_of
from lib.proxy import TcpProxy

TTL = 5  # most of it is left when a machine stands still for a second or two
SHORT = {"ttl": f"{TTL}s"}
QUICK = {"interval": "200ms", "timeout": "5s"}


@pytest.fixture
def listed(serve, sidecar, etcd):
    """(agent, key, watch, put) of a service that is registered under a lease of five seconds."""
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, register=SHORT, probe=QUICK, etcd={"request_timeout": "1s"})
    return agent, key, watch, watch.put(key)


def test_etcd_restarted_with_its_data(listed, etcd):
    agent, key, _, put = listed
    etcd.stop()
    etcd.start()
    watch = etcd.watch()
    again = watch.put(key)
    for _ in range(2):
        etcd.outlast(TTL)
    assert etcd.get()[key][0] == put.value
    watch.nothing_more(key)
    assert etcd.kept_leases(agent) == [again.lease]


def test_etcd_killed_and_started(listed, etcd):
    agent, key, _, _ = listed
    etcd.kill()
    etcd.start()
    watch = etcd.watch()
    again = watch.put(key)
    etcd.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.kept_leases(agent) == [again.lease]


def test_etcd_wiped(listed, etcd):
    agent, key, _, put = listed
    etcd.stop()
    etcd.wipe()
    etcd.start()
    again = etcd.watch().put(key, timeout=60)
    assert again.value == put.value
    assert etcd.kept_leases(agent) == [again.lease]
    assert agent.log.count("health .* -> down") == 0


def test_etcd_hung_and_resumed(listed, etcd):
    agent, key, watch, put = listed
    since = len(agent.log.lines)
    etcd.pause()
    agent.wait_log("warn ", since=since)  # the agent has noticed and says so
    etcd.resume()
    etcd.outlast(TTL)
    etcd.outlast(TTL)
    assert etcd.get()[key][0] == put.value
    assert len(etcd.kept_leases(agent)) == 1
    assert watch.kinds(key)[-1] == "put"


def test_lease_revoked_by_hand(listed, etcd):
    agent, key, watch, put = listed
    etcd.revoke(put.lease)
    watch.gone(key)
    again = watch.put(key)
    assert again.lease != put.lease
    assert again.value == put.value
    assert etcd.kept_leases(agent) == [again.lease]
    assert agent.log.count("health .* -> down") == 0


def test_key_deleted_by_hand(listed, etcd):
    agent, key, watch, put = listed
    etcd.delete(key)
    watch.gone(key)
    again = watch.put(key)
    assert again.value == put.value
    assert etcd.kept_leases(agent) == [again.lease]
    etcd.outlast(TTL)
    watch.nothing_more(key)


def test_a_service_that_dies_while_etcd_is_away(serve, sidecar, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, register={"ttl": "60s"}, probe=QUICK)
    watch.put(key)
    etcd.stop()
    server.kill()
    agent.wait_health("up -> down")
    etcd.start()
    etcd.watch().wait_for(lambda _: key not in etcd.get(), 60, "the key to go")
    assert etcd.kept_leases(agent) == []


def test_a_flip_while_a_renewal_is_on_its_way(serve, agent, etcd, closing):
    server, proxy = serve(), closing(TcpProxy(etcd.port))
    key, watch = key_of(server.port), etcd.watch()
    endpoints = f"[{proxy.endpoint}]"
    sidecar = agent(descriptor(endpoints, server.port, register={"ttl": "45s"}, probe=QUICK))
    watch.put(key)
    proxy.freeze()
    proxy.wait_held()  # the renewal, a third of the TTL after the grant
    server.status("NOT_SERVING")
    sidecar.wait_health("up -> down", reason="NOT_SERVING")
    proxy.thaw()
    watch.gone(key)  # and not when the next renewal would be due, 15 s later


def test_agent_before_etcd(serve, agent, etcds):
    server, etcd = serve(), etcds()
    sidecar = agent(descriptor(etcd, server.port, probe=QUICK))
    sidecar.wait_health("unknown -> up")
    etcd.start()
    etcd.watch().put(key_of(server.port), timeout=60)


def test_agent_before_the_service(serve, agent, etcd):
    server = serve()
    server.kill()
    watch, key = etcd.watch(), key_of(server.port)
    sidecar = agent(descriptor(etcd, server.port, probe=QUICK))
    sidecar.wait_health("unknown -> down", reason="REFUSED")
    watch.nothing_more(key)
    server.start()
    watch.put(key)


def test_agent_before_both(serve, agent, etcds):
    server, etcd = serve(), etcds()
    server.kill()
    sidecar = agent(descriptor(etcd, server.port, probe=QUICK))
    sidecar.wait_health("unknown -> down", reason="REFUSED")
    server.start()
    sidecar.wait_health("down -> up")
    etcd.start()
    etcd.watch().put(key_of(server.port), timeout=60)
