# SPDX-License-Identifier: Apache-2.0
"""Servers as they come: with half a health service, or none, or a name of their own."""

import contextlib
import socket
import ssl

import pytest

from lib.certs import Authority
from lib.descriptor import PUSH_ALONE, descriptor, key_of
from lib.h2 import CHECK, SERVING, WATCH, H2Server
from lib.outputs import until
from lib.servers import KINDS
from lib.web import WebServer

# Nothing is lost because the machine stood still.
OFTEN = {"interval": "100ms", "timeout": "60s"}
AUDIT = {"interval": "200ms", "timeout": "60s"}
NO_HEALTH_SERVICE = "has no health service"


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_health_service_it_is_listed_with_one_warning(kind, serve, sidecar, etcd):
    server = serve(kind, health="none")
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe=OFTEN)
    watch.put(key)
    etcd.outlast(2)  # some twenty probes
    agent.stop()
    assert agent.log.count(NO_HEALTH_SERVICE) == 1
    assert agent.log.count(rf"warn .*{NO_HEALTH_SERVICE}") == 1
    watch.gone(key)
    watch.nothing_more(key)


def test_the_warning_is_not_repeated_probe_by_probe(agent, etcd, closing):
    server = closing(H2Server(lambda stream: stream.only_trailers(12)))
    sidecar = agent(descriptor(etcd, server.port, probe=OFTEN))
    server.wait_asked(CHECK, 5)
    assert sidecar.log.count(NO_HEALTH_SERVICE) == 1


def test_unimplemented_fail_keeps_it_unlisted(serve, sidecar, etcd):
    server = serve(health="none")
    watch = etcd.watch()
    agent = sidecar(server, probe={"unimplemented": "fail", **OFTEN})
    agent.wait_health("unknown -> down", reason="UNIMPLEMENTED")
    agent.stop()
    watch.nothing_more(key_of(server.port))


@pytest.mark.parametrize("kind", ["py", "go"])
def test_without_watch_it_falls_back_to_check(kind, serve, sidecar, etcd):
    server = serve(kind, health="check")
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe=AUDIT)
    watch.put(key)
    server.status("NOT_SERVING")
    watch.gone(key)
    server.status("SERVING")
    watch.put(key)
    assert agent.log.count(NO_HEALTH_SERVICE) == 0


@pytest.mark.parametrize("kind", ["py", "go"])
def test_a_server_that_allows_one_stream_is_not_starved_by_the_watch(kind, serve, sidecar, etcd):
    server = serve(kind, max_streams=1)
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe={"interval": "200ms", "timeout": "1s"})
    watch.put(key)
    etcd.outlast(5)  # time for three that got no answer, and more
    watch.nothing_more(key)
    server.status("NOT_SERVING")
    watch.gone(key)
    agent.wait_log("allows one stream")


def test_mode_check_never_watches(agent, etcd, closing):
    server = closing(H2Server(lambda stream: stream.answer(SERVING)))
    probe = {"mode": "check", **OFTEN}
    agent(descriptor(etcd, server.port, probe=probe))
    etcd.watch().put(key_of(server.port))
    server.wait_asked(CHECK, 5)
    assert set(server.asked) == {CHECK}


def test_mode_watch_needs_watch(serve, sidecar, etcd):
    server = serve("go", health="check")
    watch = etcd.watch()
    agent = sidecar(server, probe={"mode": "watch", **OFTEN})
    agent.wait_health("unknown -> down", reason="NO_WATCH")
    agent.stop()
    watch.nothing_more(key_of(server.port))


def test_a_forgotten_push_is_found_by_the_audit(agent, etcd, closing):
    status = {"now": SERVING}

    def answer(stream):
        if stream.path == WATCH:
            stream.headers()
            stream.data(SERVING)  # and never a word again
        else:
            stream.answer(status["now"])

    server = closing(H2Server(answer))
    key, watch = key_of(server.port), etcd.watch()
    agent(descriptor(etcd, server.port, probe=AUDIT))
    watch.put(key)
    server.wait_asked(CHECK, 2)
    status["now"] = SERVING.replace(b"\x08\x01", b"\x08\x02")
    watch.gone(key)


@pytest.mark.parametrize("kind", KINDS)
def test_a_named_service_unknown_at_first_and_set_later(kind, serve, sidecar, etcd):
    server = serve(kind)
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe={"service": "coupon.v1.Coupons", **PUSH_ALONE})
    agent.wait_health("unknown -> down", reason="SERVICE_UNKNOWN")
    watch.nothing_more(key)
    server.status("SERVING", name="coupon.v1.Coupons")
    watch.put(key)
    server.status("NOT_SERVING")  # the whole server: not what was asked
    server.status("NOT_SERVING", name="coupon.v1.Coupons")
    watch.gone(key)
    agent.stop()
    watch.nothing_more(key)


@pytest.mark.parametrize("kind", KINDS)
def test_unix_socket(kind, serve, agent, etcd, tmp_path):
    target = f"unix:{tmp_path}/health.sock"
    server = serve(kind, listen=target)
    key, watch = key_of(50051), etcd.watch()
    sidecar = agent(descriptor(etcd, 50051, probe={"target": target, **PUSH_ALONE}))
    watch.put(key)
    server.status("NOT_SERVING")
    watch.gone(key)
    server.status("SERVING")
    watch.put(key)
    server.kill()
    watch.gone(key)
    sidecar.wait_health("up -> down", reason="REFUSED")


def test_a_closed_web_server_serves_nobody_whose_handshake_was_not_over(closing, tmp_path):
    """Else a service that a test has ended lives on, for who came at the last moment."""
    issued = Authority(tmp_path).issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.cert, issued.key)
    server = closing(WebServer(tls=context))
    client = closing(socket.create_connection(("127.0.0.1", server.port), timeout=60))
    until(lambda: server.connections == 1)
    server.close()
    heard = b""
    with contextlib.suppress(OSError):  # an end without a word of TLS
        secured = closing(ssl._create_unverified_context().wrap_socket(client))
        secured.sendall(b"GET / HTTP/1.1\r\n\r\n")
        heard = secured.recv(100)
    assert heard == b""
