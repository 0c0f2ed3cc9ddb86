# SPDX-License-Identifier: Apache-2.0
"""Connections end for many reasons; only one of them is that the service is going away."""

import pytest

from lib.descriptor import PUSH_ALONE, descriptor, key_of
from lib.proxy import TcpProxy
from lib.servers import KINDS

kinds = pytest.mark.parametrize("kind", KINDS)


@kinds
def test_an_age_limit_never_unlists(kind, serve, agent, etcd, closing):
    server = serve(kind, max_age=1000)
    counting = closing(TcpProxy(server.port))
    key, watch = key_of(server.port), etcd.watch()
    probe = {"target": counting.endpoint, "interval": "200ms", "timeout": "5s"}
    sidecar = agent(descriptor(etcd, server.port, probe=probe))
    watch.put(key)
    counting.wait_accepted(6, timeout=120)  # the first, and one after each of five GOAWAYs
    watch.nothing_more(key)
    assert sidecar.log.count("up -> down") == 0
    server.status("NOT_SERVING")  # and the sixth connection is still listened to
    watch.gone(key)


@kinds
def test_graceful_stop_unlists_and_is_not_held_up(kind, serve, sidecar, etcd):
    server = serve(kind)
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe=PUSH_ALONE)
    watch.put(key)
    server.graceful()
    watch.gone(key)
    server.wait_stopped()
    server.kill()
    agent.wait_health("up -> down", reason="REFUSED")
    agent.stop()
    watch.nothing_more(key)


@kinds
def test_graceful_restart_is_listed_again(kind, serve, sidecar, etcd):
    server = serve(kind)
    key, watch = key_of(server.port), etcd.watch()
    sidecar(server, probe={"interval": "500ms", "timeout": "5s"})
    watch.put(key)
    server.graceful()
    watch.gone(key)
    server.wait_stopped()
    server.kill()
    server.start()
    watch.put(key)


def test_a_cut_connection_to_a_live_service_is_not_death(serve, agent, etcd, closing):
    server = serve()
    proxy = closing(TcpProxy(server.port))
    key, watch = key_of(server.port), etcd.watch()
    probe = {"target": proxy.endpoint, **PUSH_ALONE}
    sidecar = agent(descriptor(etcd, server.port, probe=probe))
    watch.put(key)
    for cuts in range(1, 4):
        proxy.end_connections()
        proxy.wait_accepted(1 + cuts)
    server.status("NOT_SERVING")  # pushed on the newest connection
    watch.gone(key)
    assert sidecar.log.count("up -> down") == 1
