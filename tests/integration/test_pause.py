# SPDX-License-Identifier: Apache-2.0
"""The agent itself is stopped, as a paused container or a suspended machine stops it.

Longer than its TTL: what it knew of the service before counts for nothing until a probe has said
it again. A test makes the stop long enough by waiting until a whole TTL has passed since.
"""

import pytest

from lib.counters import counter
from lib.descriptor import descriptor, key_of
from lib.outputs import until

TTL = 5
SHORT = {"ttl": f"{TTL}s"}
QUICK = {"interval": "500ms", "timeout": "1s"}
CALM = {"interval": "500ms", "timeout": "60s"}  # a machine that stands still fails no probe
RENEWALS = "etcd_debugging_lease_renewed_total"
STANDS_BY = "another instance holds"


@pytest.fixture
def listed(serve, sidecar, etcd):
    """(agent, server, key, watch) of a service that is registered under a lease of a few seconds."""
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, register=SHORT, probe=QUICK)
    watch.put(key)
    agent.wait_log("Service registered")
    return agent, server, key, watch


def expire_while_paused(agent, key, watch, etcd):
    agent.pause()
    etcd.outlast(TTL)  # the lease itself may have been granted a while before
    watch.gone(key)
    return len(agent.log.lines)


def test_longer_than_the_ttl_it_probes_before_it_claims(listed, etcd):
    agent, _, key, watch = listed
    since = expire_while_paused(agent, key, watch, etcd)
    agent.resume()
    place = since
    for line in (
        r"warn  .* (not running|stopped) for longer than .*=\d+(\.\d+)?s( |$)",
        "health up -> unknown service=coupon-service",
        "health unknown -> up service=coupon-service reason=SERVING",
        "Service registered: coupon-service",
    ):
        _, place = agent.log.wait(line, since=place)
    again = watch.put(key)
    etcd.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.leases() == [again.lease]


def test_no_lease_is_asked_for_while_the_service_is_silent(listed, etcd):
    agent, server, key, watch = listed
    since = expire_while_paused(agent, key, watch, etcd)
    server.pause()
    agent.resume()
    agent.log.wait("health up -> unknown", since=since)
    agent.log.wait("health unknown -> down .*reason=DEADLINE", since=since)
    etcd.outlast(2)
    watch.nothing_more(key)
    assert etcd.leases() == []
    server.resume()
    watch.put(key)


def test_the_service_died_meanwhile(listed, etcd):
    agent, server, key, watch = listed
    since = expire_while_paused(agent, key, watch, etcd)
    server.kill()
    agent.resume()
    agent.log.wait("health .*-> down .*reason=REFUSED", since=since)
    etcd.outlast(2)
    agent.stop()
    watch.nothing_more(key)
    assert etcd.leases() == []
    assert agent.log.count("Service registered") == 1


def test_the_service_said_not_serving_meanwhile(listed, etcd):
    agent, server, key, watch = listed
    since = expire_while_paused(agent, key, watch, etcd)
    server.status("NOT_SERVING")
    agent.resume()
    agent.log.wait("health .*-> down .*reason=NOT_SERVING", since=since)
    etcd.outlast(2)
    watch.nothing_more(key)
    assert etcd.leases() == []
    server.status("SERVING")
    watch.put(key)


def test_shorter_than_the_ttl_nothing_happens(serve, sidecar, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    calm = {"request_timeout": "30s"}
    agent = sidecar(server, register={"ttl": "15s"}, probe=CALM, etcd=calm)
    put = watch.put(key)
    agent.wait_log("Service registered")
    until(lambda: counter(etcd, RENEWALS) > 0)  # the next one is due in five seconds
    agent.pause()
    etcd.outlast(2)
    said = len(agent.log.lines)
    agent.resume()
    etcd.outlast(15)
    watch.nothing_more(key)
    assert etcd.leases() == [put.lease]
    assert agent.log.lines[said:] == []
    server.status("NOT_SERVING")  # and it still looks after its service
    watch.gone(key)


def test_a_successor_has_the_key_meanwhile(serve, agent, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    # So long that the successor is there before the lease runs out.
    older = agent(descriptor(etcd, server.port, register={"ttl": "12s"}, probe=QUICK))
    watch.put(key)
    older.wait_log("Service registered")
    older.pause()
    agent(descriptor(etcd, server.port, register=SHORT, probe=QUICK))
    held = watch.put(key)
    etcd.outlast(12)
    assert etcd.leases() == [held.lease]
    older.resume()
    older.wait_log(f"warn .*{STANDS_BY}")
    etcd.outlast(TTL)
    older.stop()
    watch.nothing_more(key)
    assert etcd.leases() == [held.lease]


def test_only_the_services_whose_ttl_has_passed_are_asked_anew(serve, agent, etcd):
    server = serve()
    watch = etcd.watch()
    both = agent(
        descriptor(etcd, server.port, "short", register=SHORT),
        descriptor(etcd, server.port, "long", register={"ttl": "60s"}, probe=CALM),
    )
    short, long = key_of(server.port, "short"), key_of(server.port, "long")
    watch.put(short)
    watch.put(long)
    both.wait_log("Service registered: short")
    both.wait_log("Service registered: long")
    expire_while_paused(both, short, watch, etcd)
    both.resume()
    watch.put(short)
    both.wait_log("health up -> unknown service=short")
    watch.nothing_more(long)
    assert both.log.count("service=long") == 1  # that it is up, at the start
