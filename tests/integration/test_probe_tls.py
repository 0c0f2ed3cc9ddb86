# SPDX-License-Identifier: Apache-2.0
"""The probe over TLS: seen as quickly as without, and every refusal says what was expected."""

import shutil
import socket
import ssl

import pytest

from lib.agent import run
from lib.certs import Authority, replace_file
from lib.descriptor import PUSH_ALONE, descriptor, key_of
from lib.h2 import SERVING, WATCH, H2Server, SocketServer
from lib.proxy import TcpProxy
from lib.servers import KINDS

SECURE = [kind for kind in KINDS if kind != "node"]
kinds = pytest.mark.parametrize("kind", SECURE)

# A machine that stands still fails no probe.
AUDIT = {"interval": "200ms", "timeout": "60s", "failure_threshold": 2}
CLIENT_WANTED = "(wants|asked for) a client certificate"


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def stranger(tmp_path):
    """An authority that nobody trusts."""
    return Authority(tmp_path, "stranger")


def tls(authority, client=None, **keys):
    """The YAML of probe.tls; `client` is the agent's own certificate."""
    keys["ca_file"] = authority.cert
    if client:
        keys["cert_file"], keys["key_file"] = client
    return "{" + ", ".join(f"{key}: {value}" for key, value in keys.items()) + "}"


def never_listed(agent, watch, key, reason="TLS_ERROR"):
    agent.wait_health("unknown -> down", reason=reason)
    agent.stop()
    watch.nothing_more(key)


# ---- what works without TLS works with it ------------------------------------------------------


@kinds
def test_flips_are_pushed_and_death_is_seen_at_once(kind, authority, serve, sidecar, etcd):
    server = serve(kind, tls=authority.issue("server"))
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe={"tls": tls(authority), **PUSH_ALONE})
    watch.put(key)
    server.status("NOT_SERVING")
    watch.gone(key)
    agent.wait_health("up -> down", reason="NOT_SERVING")
    server.status("SERVING")
    watch.put(key)
    server.kill()
    watch.gone(key)
    agent.wait_health("up -> down", reason="REFUSED")


@kinds
def test_hung_service_is_unlisted_and_comes_back(kind, authority, serve, sidecar, etcd):
    server = serve(kind, tls=authority.issue("server"))
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe={"tls": tls(authority), **AUDIT, "timeout": "2s"})
    watch.put(key)
    server.pause()
    watch.gone(key)
    agent.wait_health("up -> down", reason="DEADLINE")
    server.resume()
    watch.put(key)


@kinds
def test_an_age_limit_never_unlists(kind, authority, serve, agent, etcd, closing):
    server = serve(kind, max_age=1000, tls=authority.issue("server"))
    counting = closing(TcpProxy(server.port))
    key, watch = key_of(server.port), etcd.watch()
    probe = {"target": counting.endpoint, "tls": tls(authority), **AUDIT}
    sidecar = agent(descriptor(etcd, server.port, probe=probe))
    watch.put(key)
    counting.wait_accepted(4)  # the first, and one after each of three GOAWAYs
    watch.nothing_more(key)
    assert sidecar.log.count("up -> down") == 0
    server.status("NOT_SERVING")  # and the newest connection is listened to
    watch.gone(key)


@kinds
def test_graceful_stop_unlists_and_is_not_held_up(kind, authority, serve, sidecar, etcd):
    server = serve(kind, tls=authority.issue("server"))
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe={"tls": tls(authority), **PUSH_ALONE})
    watch.put(key)
    server.graceful()
    watch.gone(key)
    server.wait_stopped()
    server.kill()
    agent.wait_health("up -> down", reason="REFUSED")


def test_a_cut_connection_to_a_live_service_is_not_death(authority, serve, agent, etcd, closing):
    server = serve(tls=authority.issue("server"))
    proxy = closing(TcpProxy(server.port))
    key, watch = key_of(server.port), etcd.watch()
    probe = {"target": proxy.endpoint, "tls": tls(authority), **PUSH_ALONE}
    sidecar = agent(descriptor(etcd, server.port, probe=probe))
    watch.put(key)
    for cuts in range(1, 4):
        proxy.end_connections()
        proxy.wait_accepted(1 + cuts)
    server.status("NOT_SERVING")  # pushed on the newest connection
    watch.gone(key)
    assert sidecar.log.count("up -> down") == 1


PROTOCOL_ERROR = 1


def context_of(issued, client_ca=None):
    """A server's side; with `client_ca` a certificate of the client is asked for, not needed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.cert, issued.key)
    context.set_alpn_protocols(["h2"])
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def serving(stream):
    if stream.path == WATCH:
        stream.headers()
        stream.data(SERVING)
    else:
        stream.answer(SERVING)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_insists_on_its_scheme(scheme, authority, sidecar, etcd, closing):
    def answer(stream):
        if stream.scheme == scheme:
            serving(stream)
        else:
            stream.rst(PROTOCOL_ERROR)

    secured = scheme == "https"
    server = closing(H2Server(answer, context_of(authority.issue("server")) if secured else None))
    sidecar(server, probe={"tls": tls(authority), **AUDIT} if secured else AUDIT)
    etcd.watch().put(key_of(server.port))


# ---- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_targets_host_is_what_the_certificate_must_hold(host, authority, serve, agent, etcd):
    server = serve(tls=authority.issue("server", hosts=[host]))
    probe = {"target": f"{host}:{server.port}", "tls": tls(authority)}
    agent(descriptor(etcd, server.port, probe=probe))
    etcd.watch().put(key_of(server.port))


@kinds
def test_server_name_stands_for_the_host(kind, authority, serve, sidecar, etcd):
    server = serve(kind, tls=authority.issue("server", hosts=["coupon.local"]))
    sidecar(server, probe={"tls": tls(authority, server_name="coupon.local")})
    etcd.watch().put(key_of(server.port))


@kinds
def test_unix_socket(kind, authority, serve, agent, etcd, tmp_path):
    target = f"unix:{tmp_path}/health.sock"
    server = serve(kind, listen=target, tls=authority.issue("server", hosts=["localhost"]))
    key, watch = key_of(50051), etcd.watch()
    agent(descriptor(etcd, 50051, probe={"target": target, "tls": tls(authority), **PUSH_ALONE}))
    watch.put(key)
    server.kill()
    watch.gone(key)


# ---- certificates that are not taken -----------------------------------------------------------


@kinds
@pytest.mark.parametrize("what", ["stranger", "expired", "name"])
def test_a_bad_certificate_is_named(kind, what, authority, stranger, serve, sidecar, etcd):
    issued, sentence = {
        "stranger": (lambda: stranger.issue("server"), "an authority that is not trusted here"),
        "expired": (lambda: authority.issue("server", expired=True), "has expired"),
        "name": (
            lambda: authority.issue("server", hosts=["coupon.local"]),
            "does not hold the name",
        ),
    }[what]
    server = serve(kind, tls=issued())
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe={"tls": tls(authority), **AUDIT})
    line = agent.wait_log(f"the certificate of .*{server.port} .*{sentence}").string
    assert 'for "localhost")' in line.replace("\\", "")
    never_listed(agent, watch, key)


def test_the_command_probe_names_it_too(authority, stranger, serve, write):
    server = serve(tls=stranger.issue("server"))
    probe = {"tls": tls(authority), "timeout": "10s", "interval": "10s"}
    text = descriptor("[localhost:1]", server.port, probe=probe)
    done = run("probe", "--config", write(text))
    assert done.returncode == 1
    assert "TLS_ERROR" in done.stdout
    assert "an authority that is not trusted here" in done.stdout


def test_any_certificate_will_do_where_verification_is_off(
    authority, stranger, serve, sidecar, etcd
):
    server = serve(tls=stranger.issue("server", hosts=["elsewhere"], expired=True))
    sidecar(server, probe={"tls": tls(authority, insecure_skip_verify="true")})
    etcd.watch().put(key_of(server.port))


# ---- certificates of our own -------------------------------------------------------------------


@kinds
def test_a_known_client_is_let_in(kind, authority, serve, sidecar, etcd):
    server = serve(kind, tls=authority.issue("server"), client_ca=authority.cert)
    key, watch = key_of(server.port), etcd.watch()
    sidecar(server, probe={"tls": tls(authority, authority.issue("agent")), **PUSH_ALONE})
    watch.put(key)
    server.status("NOT_SERVING")
    watch.gone(key)


@kinds
def test_a_server_that_wants_a_client_certificate_says_so(kind, authority, serve, sidecar, etcd):
    server = serve(kind, tls=authority.issue("server"), client_ca=authority.cert)
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe={"tls": tls(authority), **AUDIT})
    agent.wait_log(CLIENT_WANTED)
    never_listed(agent, watch, key)


@kinds
def test_an_unknown_client_is_told_so(kind, authority, stranger, serve, sidecar, etcd):
    server = serve(kind, tls=authority.issue("server"), client_ca=authority.cert)
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe={"tls": tls(authority, stranger.issue("agent")), **AUDIT})
    agent.wait_log("tls.cert_file")
    never_listed(agent, watch, key)


def test_a_restart_is_not_a_refusal_where_certificates_are_asked_for(
    authority, sidecar, etcd, closing
):
    context = context_of(authority.issue("server"), client_ca=authority.cert)
    server = closing(H2Server(serving, context, drops=1))
    agent = sidecar(server, probe={"tls": tls(authority), **PUSH_ALONE})
    etcd.watch().put(key_of(server.port))
    assert server.accepted == 2
    assert agent.log.count("TLS_ERROR|probe failed") == 0


def test_silence_about_our_certificate_twice_is_a_refusal(authority, sidecar, etcd, closing):
    context = context_of(authority.issue("server"), client_ca=authority.cert)
    server = closing(H2Server(serving, context, drops=1000000))
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe={"tls": tls(authority), **AUDIT})
    agent.wait_log(CLIENT_WANTED)
    never_listed(agent, watch, key)


# ---- files that change or cannot be used -------------------------------------------------------


def test_a_new_authority_takes_over_without_a_restart(
    authority, stranger, serve, sidecar, etcd
):
    issued = authority.issue("server")
    server = serve(tls=issued)
    key, watch = key_of(server.port), etcd.watch()
    sidecar(server, probe={"tls": tls(authority), **AUDIT})
    watch.put(key)
    server.kill()
    watch.gone(key)
    issued.replace(stranger.issue("server"))
    replace_file(authority.cert, stranger.cert)
    server.start()
    watch.put(key)


def test_a_renewed_client_certificate_replaces_the_connection(
    authority, serve, agent, etcd, closing
):
    server = serve("go", tls=authority.issue("server"), client_ca=authority.cert)
    proxy = closing(TcpProxy(server.port))
    client = authority.issue("agent")
    key, watch = key_of(server.port), etcd.watch()
    probe = {"target": proxy.endpoint, "tls": tls(authority, client), **AUDIT}
    sidecar = agent(descriptor(etcd, server.port, probe=probe))
    watch.put(key)
    client.replace(authority.issue("renewed"))
    proxy.wait_accepted(2)
    server.status("NOT_SERVING")  # the new connection is listened to
    watch.gone(key)
    assert sidecar.log.count("probe failed") == 0


def test_a_broken_renewal_changes_nothing(authority, serve, agent, etcd, closing):
    server = serve("go", tls=authority.issue("server"), client_ca=authority.cert)
    proxy = closing(TcpProxy(server.port))
    client = authority.issue("agent")
    key, watch = key_of(server.port), etcd.watch()
    probe = {"target": proxy.endpoint, "tls": tls(authority, client), **AUDIT}
    sidecar = agent(descriptor(etcd, server.port, probe=probe))
    watch.put(key)
    client.key.write_text("not a key")
    sidecar.wait_log("probe.tls.key_file .* cannot be used")
    proxy.end_connections()
    proxy.wait_accepted(2)  # with what was read before
    server.status("NOT_SERVING")
    watch.gone(key)
    assert sidecar.log.count("TLS_FILES|probe failed") == 0


def test_a_broken_renewal_is_said_once_for_all_who_share_it(authority, serve, agent, etcd):
    servers = [serve("go", tls=authority.issue(f"server{i}")) for i in range(3)]
    probe = {"tls": tls(authority), **AUDIT}
    watch = etcd.watch()
    names = [f"coupon{i}" for i in range(3)]
    texts = [descriptor(etcd, s.port, name=n, probe=probe) for s, n in zip(servers, names)]
    sidecar = agent(*texts)
    for server, name in zip(servers, names):
        watch.put(key_of(server.port, name=name))
    authority.cert.write_text("no certificate")
    sidecar.wait_log("probe.tls.ca_file .* cannot be used")
    etcd.outlast(3)  # some fifteen audits of each
    assert sidecar.log.count("cannot be used") == 1
    assert sidecar.log.count("probe failed") == 0


def test_a_missing_file_is_ours_and_is_read_when_it_is_there(authority, serve, sidecar, etcd):
    server = serve(tls=authority.issue("server"))
    away = authority.cert.with_name("away.pem")
    shutil.move(authority.cert, away)
    watch = etcd.watch()
    agent = sidecar(server, probe={"tls": tls(authority), **AUDIT})
    line = agent.wait_log("cannot probe.*reason=TLS_FILES").string
    assert f"probe.tls.ca_file '{authority.cert}' cannot be used: No such file" in line
    shutil.move(away, authority.cert)
    watch.put(key_of(server.port))
    assert agent.log.count("health unknown -> down") == 0


# ---- servers that are something else -----------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_without_tls_is_told_from_a_dead_one(kind, authority, serve, sidecar, etcd):
    server = serve(kind)
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe={"tls": tls(authority), **AUDIT})
    agent.wait_log("does not speak TLS")
    never_listed(agent, watch, key)


@kinds
def test_a_server_that_wants_tls_and_a_probe_without_it(kind, authority, serve, sidecar, etcd):
    server = serve(kind, tls=authority.issue("server"))
    key, watch = key_of(server.port), etcd.watch()
    # Some say nothing for as long as an answer is waited for.
    agent = sidecar(server, probe={**AUDIT, "timeout": "3s"})
    agent.wait_log(r"reason=(NOT_GRPC|RESET) .*probe\.tls")
    never_listed(agent, watch, key, "(NOT_GRPC|RESET)")


def test_a_server_without_http2_is_named(authority, sidecar, etcd, closing):
    issued = authority.issue("server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.cert, issued.key)

    def shake_hands(sock):
        with context.wrap_socket(sock, server_side=True) as secured:
            secured.recv(65536)

    server = closing(SocketServer(shake_hands))
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, probe={"tls": tls(authority), **AUDIT})
    agent.wait_log("ALPN h2")
    never_listed(agent, watch, key)


def test_a_handshake_that_stops_is_bounded_and_disturbs_nobody(
    authority, serve, agent, etcd, closing
):
    issued = authority.issue("server")
    good = serve("go", tls=issued)

    def stop_midway(sock):
        upstream = socket.create_connection(("127.0.0.1", good.port))
        with upstream:
            upstream.sendall(sock.recv(65536))
            sock.sendall(upstream.recv(65536)[:200])  # half a handshake
            while sock.recv(65536):
                pass

    half = closing(SocketServer(stop_midway))
    watch = etcd.watch()
    probe = {"tls": tls(authority), "interval": "200ms", "timeout": "200ms"}
    sidecar = agent(
        descriptor(etcd, half.port, name="half", probe=probe),
        descriptor(etcd, good.port, name="good", probe={"tls": tls(authority), **PUSH_ALONE}),
    )
    good_key = key_of(good.port, name="good")
    watch.put(good_key)
    sidecar.wait_health("unknown -> down", service="half", reason="DEADLINE")
    good.status("NOT_SERVING")
    watch.gone(good_key)
    watch.nothing_more(key_of(half.port, name="half"))
