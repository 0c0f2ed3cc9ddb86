# SPDX-License-Identifier: Apache-2.0
"""Several etcd endpoints: dead, dying, silent, and a real cluster of three."""

import pytest

from lib.descriptor import descriptor, key_of
from lib.ports import free_port
from lib.proxy import TcpProxy

TTL = 8  # of which a third is left when one endpoint has kept the agent waiting, and the machine


@pytest.fixture
def two_ways(etcd, closing):
    """Two proxies before one etcd, so that either can fail and the witness stays."""
    return [closing(TcpProxy(etcd.port)) for _ in range(2)]


def listed_through(proxies, serve, agent, etcd):
    """(agent, key, watch, put, the proxy in use) once a service is registered."""
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    endpoints = f"[{', '.join(p.endpoint for p in proxies)}]"
    sidecar = agent(descriptor(endpoints, server.port, register={"ttl": f"{TTL}s"}))
    put = watch.put(key)
    [used] = [p for p in proxies if p.accepted > 0]
    return sidecar, key, watch, put, used


def test_dead_endpoints_are_passed_over(serve, agent, etcd):
    server = serve()
    dead = ", ".join(f"127.0.0.1:{free_port()}" for _ in range(4))
    watch = etcd.watch()
    agent(descriptor(f"[{dead}, {etcd.endpoint}]", server.port))
    watch.put(key_of(server.port))


def test_endpoints_as_one_string(serve, agent, etcd):
    server = serve()
    endpoints = f'"http://127.0.0.1:{free_port()}, {etcd.endpoint}"'
    watch = etcd.watch()
    agent(descriptor(endpoints, server.port))
    watch.put(key_of(server.port))


def test_it_stays_with_an_endpoint_that_answers(two_ways, serve, agent, etcd):
    sidecar, _, watch, put, used = listed_through(two_ways, serve, agent, etcd)
    [other] = [p for p in two_ways if p is not used]
    etcd.outlast(TTL)
    assert etcd.kept_leases(sidecar) == [put.lease]
    assert other.accepted == 0


def test_it_leaves_an_endpoint_that_dies(two_ways, serve, agent, etcd):
    sidecar, key, watch, put, used = listed_through(two_ways, serve, agent, etcd)
    [other] = [p for p in two_ways if p is not used]
    used.cut()
    other.wait_accepted(1)
    etcd.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.kept_leases(sidecar) == [put.lease]


def test_it_leaves_an_endpoint_that_falls_silent(two_ways, serve, agent, etcd):
    sidecar, key, watch, put, used = listed_through(two_ways, serve, agent, etcd)
    [other] = [p for p in two_ways if p is not used]
    used.freeze()
    other.wait_accepted(1)
    etcd.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.kept_leases(sidecar) == [put.lease]


def test_it_comes_back_when_all_endpoints_were_dead(two_ways, serve, agent, etcd):
    _, key, watch, _, used = listed_through(two_ways, serve, agent, etcd)
    [other] = [p for p in two_ways if p is not used]
    used.cut()
    other.cut()
    watch.gone(key, timeout=60)  # nobody could renew
    used.open()
    watch.put(key, timeout=60)


def test_a_cluster_of_three_loses_one_member_after_the_other(serve, agent, etcds):
    members = etcds(cluster=True)
    server = serve()
    key = key_of(server.port)
    endpoints = f"[{', '.join(m.endpoint for m in members)}]"
    sidecar = agent(descriptor(endpoints, server.port, register={"ttl": "5s"}))
    put = members[0].watch().put(key)
    for lost in members:
        [witness, *_] = [m for m in members if m is not lost]
        watch = witness.watch()
        watch.put(key)
        lost.kill()
        witness.wait_ready()  # perhaps it was the leader: a new one is elected first
        witness.outlast(5)
        watch.nothing_more(key)
        assert witness.kept_leases(sidecar) == [put.lease]
        lost.start()
