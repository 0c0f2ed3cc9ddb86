# SPDX-License-Identifier: Apache-2.0
"""TLS to etcd: who is trusted, by which name, with which certificate, and what changes on disk.

etcd listens twice: with TLS for the agent, and without for the tests that watch it.
"""

import http.server
import re
import ssl
import threading

import pytest

from lib.certs import Authority, Issued, replace_file
from lib.descriptor import descriptor, key_of
from lib.gateway import encode
from lib.ports import listen, serve_on
from lib.proxy import TcpProxy

TTL = 5
LONG = 15  # ... where a third of it must do for more than one call


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def stranger(tmp_path):
    """An authority that nobody trusts."""
    return Authority(tmp_path, "stranger")


@pytest.fixture
def secure(etcds, authority):
    """Starts an etcd with TLS: secure(certificate, clients=the authority of those who come)."""

    def start(issued=None, clients=None, name="alone"):
        return etcds(name).secure(issued or authority.issue("etcd"), clients).start()

    return start


@pytest.fixture
def sidecar_to(serve, agent):
    """Starts an agent for one service; (agent, key). Further arguments are keys of etcd.tls."""

    def start(*endpoints, ttl=TTL, **tls):
        server = serve()
        keys = ", ".join(f"{key}: {value}" for key, value in tls.items())
        section = {"tls": f"{{{keys}}}"} if tls else {}
        text = descriptor(
            f"[{', '.join(endpoints)}]", server.port, etcd=section, register={"ttl": f"{ttl}s"}
        )
        return agent(text), key_of(server.port)

    return start


class Polite(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()


@pytest.fixture
def http1(authority):
    """The URL of a server that speaks TLS, but no HTTP/2 on it."""
    issued = authority.issue("polite")
    server = serve_on(listen(), http.server.ThreadingHTTPServer, Polite)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.cert, issued.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def record_of(etcd, key):
    """What changes when a key is deleted or put again, as etcd itself counts it."""
    [kv] = etcd.call("kv/range", {"key": encode(key)})["kvs"]
    return tuple(kv.get(name) for name in ("create_revision", "mod_revision", "version", "lease"))


def user(etcd, name, *keys):
    """A user of etcd without a password, who may read and write these keys."""
    etcd.call("auth/user/add", {"name": name, "options": {"no_password": True}})
    etcd.call("auth/role/add", {"name": name})
    for key in keys:
        permission = {"permType": "READWRITE", "key": encode(key)}
        etcd.call("auth/role/grant", {"name": name, "perm": permission})
    etcd.call("auth/user/grant", {"user": name, "role": name})


# ---- it works ------------------------------------------------------------------------------


def test_tls(secure, authority, sidecar_to, closing):
    etcd = secure()
    proxy = closing(TcpProxy(etcd.tls_port))
    agent, key = sidecar_to(f"https://{proxy.endpoint}", ca_file=authority.cert)
    watch = etcd.watch()
    put = watch.put(key)
    etcd.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.leases() == [put.lease]
    assert proxy.accepted == 1
    agent.stop()
    watch.gone(key)


def test_an_endpoint_without_a_scheme(secure, authority, sidecar_to):
    etcd = secure()
    _, key = sidecar_to(f"127.0.0.1:{etcd.tls_port}", ca_file=authority.cert)
    etcd.watch().put(key)


def test_many_services_share_one_connection(secure, authority, serve, agent, closing):
    etcd = secure(clients=authority.cert)
    client = authority.issue("client")
    proxy = closing(TcpProxy(etcd.tls_port))
    server, ports = serve(), range(1, 101)
    tls = f"{{ca_file: {authority.cert}, cert_file: {client.cert}, key_file: {client.key}}}"
    watch = etcd.watch()
    agent(
        *(
            descriptor(
                f"[https://{proxy.endpoint}]",
                port,
                etcd={"tls": tls, "request_timeout": "10s"},
                probe={"target": f"127.0.0.1:{server.port}"},
                register={"ttl": f"{LONG}s"},
            )
            for port in ports
        )
    )
    for port in ports:
        watch.put(key_of(port))
    etcd.outlast(LONG)
    for port in ports:
        watch.nothing_more(key_of(port))
    assert proxy.accepted == 1


def test_mutual_tls(secure, authority, sidecar_to):
    etcd = secure(clients=authority.cert)
    client = authority.issue("client", hosts=())
    agent, key = sidecar_to(
        etcd.tls_endpoint, ca_file=authority.cert, cert_file=client.cert, key_file=client.key
    )
    watch = etcd.watch()
    watch.put(key)
    etcd.outlast(TTL)
    agent.stop()
    watch.gone(key)
    watch.nothing_more(key)


def test_the_user_of_the_certificate(secure, authority, sidecar_to, serve, agent):
    etcd = secure(clients=authority.cert)
    client = authority.issue("client", hosts=(), client_cn="coupon-agent")
    server = serve()
    key = key_of(server.port)
    etcd.call("auth/user/add", {"name": "root", "password": "secret"})
    etcd.call("auth/user/grant", {"user": "root", "role": "root"})
    user(etcd, "coupon-agent", key)
    watch = etcd.watch()
    etcd.call("auth/enable", {})
    etcd.user = ("root", "secret")
    tls = f"{{ca_file: {authority.cert}, cert_file: {client.cert}, key_file: {client.key}}}"
    text = descriptor(f"[{etcd.tls_endpoint}]", server.port, etcd={"tls": tls})
    registered = agent(text)
    watch.put(key)
    registered.stop()
    watch.gone(key)


def test_another_server_name(secure, authority, sidecar_to):
    etcd = secure(authority.issue("etcd", hosts=("etcd.internal",)))
    _, key = sidecar_to(etcd.tls_endpoint, ca_file=authority.cert, server_name="etcd.internal")
    etcd.watch().put(key)


def test_verification_switched_off(secure, stranger, sidecar_to):
    etcd = secure(stranger.issue("etcd", hosts=("etcd.internal",), expired=True))
    _, key = sidecar_to(etcd.tls_endpoint, insecure_skip_verify="true")
    etcd.watch().put(key)


# ---- it does not, and says why ----------------------------------------------------------------

NO_TRUST = r"signed by an authority that is not trusted here .*127\.0\.0\.1"
EXPIRED = r"has expired .*127\.0\.0\.1"
WRONG_NAME = r"does not hold the name .*127\.0\.0\.1"
PLAIN = r"does not answer in TLS: perhaps it wants http://"
WANTS_TLS = r"does it want https://\?"
WANTS_OURS = r"(wants|asked for) a client certificate \(tls\.cert_file"
NOT_OURS = r"the certificate of tls\.cert_file"


def refused(agent, etcd, endpoint, sentence):
    """The sentence is said, names the endpoint, and nothing was registered."""
    address = re.escape(endpoint.removeprefix("https://"))
    agent.wait_log(rf"{address}.*{sentence}")
    assert etcd.get() == {}


def test_an_authority_that_is_not_trusted(secure, authority, stranger, sidecar_to, tmp_path):
    etcd = secure()
    trusted = tmp_path / "trusted.pem"
    replace_file(trusted, stranger.cert)
    agent, key = sidecar_to(etcd.tls_endpoint, ca_file=trusted)
    refused(agent, etcd, etcd.tls_endpoint, NO_TRUST)
    watch = etcd.watch()
    replace_file(trusted, authority.cert)
    watch.put(key, timeout=60)


def test_the_systems_authorities_do_not_know_ours(secure, sidecar_to):
    etcd = secure()
    agent, _ = sidecar_to(etcd.tls_endpoint)
    refused(agent, etcd, etcd.tls_endpoint, NO_TRUST)


@pytest.mark.parametrize(
    "wrong, sentence",
    [({"expired": True}, EXPIRED), ({"hosts": ("etcd.internal",)}, WRONG_NAME)],
    ids=["expired", "name"],
)
def test_a_certificate_that_is_not_taken(secure, authority, sidecar_to, wrong, sentence):
    issued = authority.issue("etcd", **wrong)
    etcd = secure(issued)
    agent, key = sidecar_to(etcd.tls_endpoint, ca_file=authority.cert)
    refused(agent, etcd, etcd.tls_endpoint, sentence)
    watch = etcd.watch()
    issued.replace(authority.issue("better"))  # etcd reads it for each connection
    watch.put(key, timeout=60)


def test_the_name_that_was_expected_is_the_one_that_was_set(secure, authority, sidecar_to):
    etcd = secure()
    agent, _ = sidecar_to(
        etcd.tls_endpoint, ca_file=authority.cert, server_name="etcd.internal"
    )
    refused(agent, etcd, etcd.tls_endpoint, r"does not hold the name .*etcd\.internal")


def test_https_to_an_etcd_without_tls(etcd, authority, sidecar_to):
    endpoint = f"https://{etcd.endpoint}"
    agent, _ = sidecar_to(endpoint, ca_file=authority.cert)
    refused(agent, etcd, endpoint, PLAIN)


def test_a_server_of_http_1(http1, etcd, authority, sidecar_to):
    agent, _ = sidecar_to(http1, ca_file=authority.cert)
    refused(agent, etcd, http1, r"does not agree on HTTP/2")


def test_http_to_an_etcd_with_tls(secure, sidecar_to):
    etcd = secure()
    endpoint = f"127.0.0.1:{etcd.tls_port}"
    agent, _ = sidecar_to(endpoint)
    refused(agent, etcd, endpoint, WANTS_TLS)


def test_a_certificate_of_ours_is_missing(secure, authority, sidecar_to):
    etcd = secure(clients=authority.cert)
    agent, _ = sidecar_to(etcd.tls_endpoint, ca_file=authority.cert)
    refused(agent, etcd, etcd.tls_endpoint, WANTS_OURS)


def test_a_certificate_of_ours_is_not_taken(secure, authority, stranger, sidecar_to, tmp_path):
    etcd = secure(clients=authority.cert)
    ours = Issued(tmp_path / "ours.pem", tmp_path / "ours.key")
    ours.replace(stranger.issue("client"))
    agent, key = sidecar_to(
        etcd.tls_endpoint, ca_file=authority.cert, cert_file=ours.cert, key_file=ours.key
    )
    refused(agent, etcd, etcd.tls_endpoint, NOT_OURS)
    watch = etcd.watch()
    ours.replace(authority.issue("client"))
    watch.put(key, timeout=60)


@pytest.mark.parametrize("broken", ["ca_file", "cert_file", "key_file"])
@pytest.mark.parametrize("how", ["missing", "empty"])
def test_a_file_that_cannot_be_used(secure, authority, sidecar_to, write, broken, how):
    etcd = secure(clients=authority.cert)
    client = authority.issue("client")
    files = {"ca_file": authority.cert, "cert_file": client.cert, "key_file": client.key}
    good, files[broken] = files[broken], write("", "broken.pem")
    if how == "missing":
        files[broken].unlink()
    agent, key = sidecar_to(etcd.tls_endpoint, **files)
    sentence = "No such file" if how == "missing" else "there is no "
    named = re.escape(f"etcd.tls.{broken} '{files[broken]}' cannot be used: {sentence}")
    refused(agent, etcd, etcd.tls_endpoint, named)
    watch = etcd.watch()
    replace_file(files[broken], good)
    watch.put(key, timeout=60)


def test_an_endpoint_with_a_bad_certificate_is_passed_over(
    secure, stranger, authority, sidecar_to, closing
):
    etcd, bad = secure(), secure(stranger.issue("bad"), name="bad")
    good = [closing(TcpProxy(etcd.tls_port)) for _ in range(2)]
    wrong = closing(TcpProxy(bad.tls_port))
    ways = [f"https://{proxy.endpoint}" for proxy in (*good, wrong)]
    sidecar, key = sidecar_to(*ways, ttl=LONG, ca_file=authority.cert)
    watch = etcd.watch()
    put = watch.put(key)
    before = wrong.accepted
    for proxy in good:
        proxy.cut()
    wrong.wait_accepted(before + 1)
    for proxy in good:
        proxy.open()
    etcd.outlast(LONG)
    watch.nothing_more(key)
    assert etcd.kept_leases(sidecar) == [put.lease]
    assert bad.leases() == []


# ---- rotation ---------------------------------------------------------------------------------


def test_everything_is_rotated(secure, authority, stranger, sidecar_to, tmp_path):
    """Another authority, with it another certificate of etcd's and another one of ours."""
    served = authority.issue("etcd")
    ours = Issued(tmp_path / "ours.pem", tmp_path / "ours.key")
    trusted = tmp_path / "trusted.pem"
    ours.replace(authority.issue("client"))
    replace_file(trusted, authority.cert)
    etcd = secure(served, clients=trusted)
    agent, key = sidecar_to(
        etcd.tls_endpoint, ttl=LONG, ca_file=trusted, cert_file=ours.cert, key_file=ours.key
    )
    etcd.watch().put(key)
    record = record_of(etcd, key)
    replace_file(trusted, stranger.cert)
    ours.replace(stranger.issue("client"))
    served.replace(stranger.issue("etcd"))
    etcd.stop()
    etcd.start()
    etcd.outlast(LONG)
    assert record_of(etcd, key) == record
    assert agent.log.count("Service deregistered") == 0
    assert agent.log.count("lease lost") == 0


def test_our_certificate_is_rotated(secure, authority, sidecar_to, closing, tmp_path):
    """The agent connects anew with it, while etcd is up and nothing asks for that."""
    etcd = secure(clients=authority.cert)
    proxy = closing(TcpProxy(etcd.tls_port))
    ours = Issued(tmp_path / "ours.pem", tmp_path / "ours.key")
    ours.replace(authority.issue("client"))
    agent, key = sidecar_to(
        f"https://{proxy.endpoint}",
        ca_file=authority.cert,
        cert_file=ours.cert,
        key_file=ours.key,
    )
    etcd.watch().put(key)
    record = record_of(etcd, key)
    assert proxy.accepted == 1
    ours.replace(authority.issue("next"))
    proxy.wait_accepted(2)
    etcd.outlast(TTL)
    assert record_of(etcd, key) == record
    assert proxy.accepted == 2
    assert agent.log.count("trying again") == 0


@pytest.mark.parametrize("broken", ["ca_file", "cert_file", "key_file"])
def test_a_rotation_that_went_wrong_loses_nothing(
    secure, authority, sidecar_to, closing, tmp_path, broken
):
    """The connection that works is kept until there are files to make another one with."""
    etcd = secure(clients=authority.cert)
    proxy = closing(TcpProxy(etcd.tls_port))
    ours = Issued(tmp_path / "ours.pem", tmp_path / "ours.key")
    ours.replace(authority.issue("client"))
    trusted = tmp_path / "trusted.pem"
    replace_file(trusted, authority.cert)
    agent, key = sidecar_to(
        f"https://{proxy.endpoint}", ca_file=trusted, cert_file=ours.cert, key_file=ours.key
    )
    etcd.watch().put(key)
    record = record_of(etcd, key)
    nonsense = tmp_path / "nonsense.pem"
    nonsense.write_text("this is no certificate\n")
    files = {"ca_file": trusted, "cert_file": ours.cert, "key_file": ours.key}
    replace_file(files[broken], nonsense)
    for _ in range(2):
        etcd.outlast(TTL)
    assert record_of(etcd, key) == record
    assert proxy.accepted == 1
    replace_file(trusted, authority.cert)
    ours.replace(authority.issue("next"))
    proxy.wait_accepted(2)
    etcd.outlast(TTL)
    assert record_of(etcd, key) == record
    assert agent.log.count("trying again") == 0
