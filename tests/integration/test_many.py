# SPDX-License-Identifier: Apache-2.0
"""Many services in one agent share one connection to etcd, and share its loss."""

import pytest

from lib.descriptor import descriptor, key_of
from lib.proxy import TcpProxy

MANY = 60
FEW = 5  # connections that so many calls may make when they fail together
# Nobody gives up what only takes its time: so many calls, all at once.
PATIENT = {
    "register": {"ttl": "30s"},
    "etcd": {"request_timeout": "10s"},
    "probe": {"timeout": "10s"},
}


@pytest.fixture
def crowd(serve, agent, etcd, closing):
    """(server, proxy before etcd, watch, keys) with all of them registered."""
    server = serve()
    proxy = closing(TcpProxy(etcd.port))
    watch = etcd.watch()
    names = [f"service-{n}" for n in range(MANY)]
    endpoints = f"[{proxy.endpoint}]"
    agent(*(descriptor(endpoints, server.port, name=name, **PATIENT) for name in names))
    keys = [key_of(server.port, name=name) for name in names]
    for key in keys:
        watch.put(key, timeout=60)
    return server, proxy, watch, keys


def test_all_are_listed_over_one_connection(crowd, etcd):
    _, proxy, _, _ = crowd
    assert len(etcd.leases()) == MANY
    assert proxy.accepted <= FEW


def test_all_flip_at_once(crowd, etcd):
    server, _, watch, keys = crowd
    server.status("NOT_SERVING")
    for key in keys:
        watch.gone(key)
    assert etcd.leases() == []
    server.status("SERVING")
    for key in keys:
        watch.put(key)


def test_calls_that_fail_together_do_not_each_make_a_connection(crowd):
    server, proxy, watch, keys = crowd
    before = proxy.accepted
    proxy.end_connections()
    server.status("NOT_SERVING")
    for key in keys:
        watch.gone(key)
    assert proxy.accepted - before <= FEW


def test_more_services_than_the_soft_limit_of_descriptors(serve, agent, etcd):
    server = serve()
    watch = etcd.watch()
    names = [f"service-{n}" for n in range(MANY)]
    agent(*(descriptor(etcd, server.port, name=name, **PATIENT) for name in names), nofile="40:1000")
    for name in names:
        watch.put(key_of(server.port, name=name), timeout=60)


def test_out_of_descriptors_is_said_and_is_no_verdict(serve, agent, etcd):
    server = serve()
    names = [f"service-{n}" for n in range(MANY)]
    sidecar = agent(*(descriptor(etcd, server.port, name=name, **PATIENT) for name in names), nofile="40:40")
    sidecar.wait_log("warn  cannot probe service=service-[0-9]+ reason=NO_RESOURCES")
    sidecar.stop()
    assert sidecar.log.count("-> down") == 0
