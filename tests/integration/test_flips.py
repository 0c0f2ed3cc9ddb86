# SPDX-License-Identifier: Apache-2.0
"""etcd follows the service: pushed, killed, started again, hung, and let go."""

import time

import pytest

from lib.descriptor import PUSH_ALONE, key_of
from lib.servers import KINDS

AUDIT = {"interval": "1s", "timeout": "1s", "failure_threshold": 3}

kinds = pytest.mark.parametrize("kind", KINDS)


@kinds
def test_pushed_status_lists_and_unlists(kind, serve, sidecar, etcd):
    server = serve(kind)
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe=PUSH_ALONE)
    first = watch.put(key)
    server.status("NOT_SERVING")
    watch.gone(key)
    agent.wait_health("up -> down", reason="NOT_SERVING")
    assert etcd.leases() == []
    server.status("SERVING")
    second = watch.put(key)
    assert second.lease != first.lease
    assert second.value == first.value
    agent.stop()
    assert agent.log.count("Service registered: coupon-service at localhost:") == 2
    assert agent.log.count("Service deregistered: coupon-service at localhost:") == 2


@kinds
def test_killed_service_is_unlisted_by_its_connections_end(kind, serve, sidecar, etcd):
    server = serve(kind)
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe=PUSH_ALONE)
    watch.put(key)
    server.kill()
    watch.gone(key)
    agent.wait_health("up -> down", reason="REFUSED")


@kinds
def test_restarted_service_is_listed_again(kind, serve, sidecar, etcd):
    server = serve(kind)
    key, watch = key_of(server.port), etcd.watch()
    sidecar(server, probe=AUDIT)
    watch.put(key)
    server.kill()
    watch.gone(key)
    server.start()
    watch.put(key)


@kinds
def test_hung_service_is_unlisted_and_comes_back(kind, serve, sidecar, etcd):
    server = serve(kind)
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe=AUDIT)
    watch.put(key)
    paused = time.monotonic()
    server.pause()
    gone = watch.gone(key)
    # Three silences of a second, one in each interval: one alone must not be enough.
    assert gone.at - paused > 2.0
    agent.wait_health("up -> down", reason="DEADLINE")
    server.resume()
    watch.put(key)


def test_sigterm_unlists_before_the_agent_is_gone(serve, sidecar, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server)
    watch.put(key)
    agent.terminate()
    assert agent.wait_exit() == 0
    assert etcd.get() == {}
    watch.gone(key)
    agent.wait_log(r"Service deregistered: coupon-service at localhost:\d+ after=")


def test_a_service_that_never_serves_is_never_listed(serve, sidecar, etcd):
    server = serve(statuses={"": "NOT_SERVING"})
    watch = etcd.watch()
    agent = sidecar(server, probe=AUDIT)
    agent.wait_health("unknown -> down", reason="NOT_SERVING")
    agent.stop()
    watch.nothing_more(key_of(server.port))
    assert etcd.leases() == []


def test_success_threshold_holds_the_first_put_back(serve, sidecar, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    started = time.monotonic()
    sidecar(server, probe={"interval": "500ms", "success_threshold": 3})
    # Three passes an interval apart: two intervals at the very least.
    assert watch.put(key).at - started > 0.9


def test_initial_delay_holds_the_first_probe_back(serve, sidecar, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    started = time.monotonic()
    sidecar(server, probe={"initial_delay": "1s"})
    assert watch.put(key).at - started > 1.0
