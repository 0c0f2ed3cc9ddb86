# SPDX-License-Identifier: Apache-2.0
"""`svc-agent doctor`: each broken set-up is named by its own line and code, and nothing is changed."""

import datetime
import re
import socketserver
import subprocess
import threading
import time

import pytest
from lib.certs import Authority, ends_on
from lib import descriptor as descriptors
from lib import reader as readers
from lib.descriptor import NAME, key_of
from lib.doctor import Report, as_json
from lib.etcd import Etcd, cluster_of
from lib.haproxy import HAProxy
from lib.names import UNSHARE, need_mounts
from lib.ports import free_port, listen, serve_on
from lib.reader import value
from lib.users import add_agent, add_reader, etcdctl, switch_on

PASSWORD = "the-secret-of-the-tests"
UNSAFE = ["--strict-reconfig-check=false"]
# Who is not meant to be late must not be so.
PATIENT = {
    "etcd": {"request_timeout": "9s"},
    "probe": {"timeout": "10s", "interval": "10s"},
}


def patient(sections, *names):
    return {**sections, **{name: {**PATIENT[name], **sections.get(name, {})} for name in names}}


def descriptor(*where, **sections):
    return descriptors.descriptor(*where, **patient(sections, "etcd", "probe"))


def reader(*what, **sections):
    return readers.reader(*what, **patient(sections, "etcd"))


class Parts:
    """What all tests look at: made once, as each etcd takes a while."""

    def __init__(self, folder):
        self.authority = Authority(folder)
        issue = self.authority.issue
        self.agent = issue("agent")
        self.password_file = folder / "password"
        self.password_file.write_text(PASSWORD + "\n")
        self.plain = Etcd(folder, "plain").secure(issue("named", hosts=("etcd.example",)))
        self.users = Etcd(folder, "users").secure(issue("soon", days=5))
        self.expired = issue("expired", expired=True)
        self.full = Etcd(folder, "full").secure(self.expired)
        self.full.flags += ["--quota-backend-bytes", "1000000"]
        self.mutual = Etcd(folder, "mutual").secure(issue("mutual"), clients=self.authority.cert)
        self.cluster = cluster_of(folder)
        for member in self.cluster:
            member.flags += UNSAFE
        self.etcds = [self.plain, self.users, self.full, self.mutual, *self.cluster]

    def start(self):
        for etcd in self.etcds:
            etcd.spawn_only()
        for etcd in self.etcds:
            etcd.wait_ready()
        switch_on(self.users)
        add_agent(self.users, self.password_file)
        add_reader(self.users, self.password_file, user="coupon-reader")
        return self

    def stop(self):
        for etcd in self.etcds:
            etcd.stop()

    def tls(self, **keys):
        return "{" + ", ".join(f"{k}: {v}" for k, v in {"ca_file": self.authority.cert, **keys}.items()) + "}"


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    made = Parts(tmp_path_factory.mktemp("parts"))
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def doctor(write):
    """Runs it on a descriptor: doctor(endpoints, port, section={...})."""

    def look(endpoints, port=None, env=None, **sections):
        text = descriptor(endpoints, port or free_port(), **sections)
        return Report(write(text), env=env)

    return look


@pytest.fixture
def listener(closing):
    """A port that takes connections and says nothing."""
    return closing(listen())


class Web(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(4096)
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nno\n")


@pytest.fixture
def http11():
    """The port of a web server: HTTP/1.1, and no gRPC."""
    with serve_on(listen(), socketserver.ThreadingTCPServer, Web) as server:
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def quoted(*endpoints):
    return f"[{', '.join(endpoints)}]"


def revision(etcd):
    return etcd.call("kv/range", {"key": "AA=="})["header"]["revision"]


# ---- all is well -------------------------------------------------------------------------------


def test_all_is_well_and_nothing_changes(parts, serve, agent, write, tmp_path):
    server = serve("py", statuses={"": "SERVING", "orders": "NOT_SERVING"})
    text = descriptor(
        parts.plain, server.port, service={"metadata": "{weight: 7}"},
        admin={"listen": f"unix:{tmp_path}/admin.sock"},
    )  # fmt: skip
    agent(text).wait_log("Service registered")
    config = write(text)
    before, held = revision(parts.plain), parts.plain.get(key_of(server.port))
    report = Report(config)
    assert (report.status, report.problems, report.warnings) == (0, [], [])
    checks = [f.check for f in report.findings]
    assert list(dict.fromkeys(checks)) == [
        "descriptor", "environment", "endpoint", "cluster", "user", "permission", "port",
        "health", "key", "prefix", "admin",
    ]  # fmt: skip
    assert "etcd 3." in report.of("endpoint")[0].text and "leader" in report.of("endpoint")[0].text
    [(_, lease)] = held.values()
    assert f"lease {lease:x}, which has " in report.of("key")[0].text
    assert 'it knows "" SERVING, "orders" NOT_SERVING' in report.of("health")[0].text
    assert "1 instance: localhost" in report.of("prefix")[0].text
    status, whole = as_json(config)
    assert (status, whole["ok"], whole["code"]) == (0, True, None)
    assert {tuple(check) for check in whole["checks"]} == {
        ("check", "subject", "level", "code", "found", "advice")
    }
    assert revision(parts.plain) == before and parts.plain.get(key_of(server.port)) == held


# ---- the descriptor and the environment ----------------------------------------------------------


def test_a_bad_descriptor(write):
    config = write(f"service:\n  name: {NAME}\n  prot: 1\n")
    report = Report(config)
    assert report.status == 1 and set(report.problems) == {"DESCRIPTOR_BAD"}
    assert any(f"{config}:3:3: " in found.text for found in report.findings)
    assert report.findings[-1].level == "skipped"
    status, whole = as_json(config)
    assert (status, whole["ok"], whole["code"]) == (1, False, "DESCRIPTOR_BAD")


def test_a_doubtful_descriptor(parts, doctor):
    report = doctor(parts.plain, service={"host": "0.0.0.0"})
    report.names("DESCRIPTOR_DOUBTFUL", "warning", "0.0.0.0 is where a server listens")


def test_variables(parts, write):
    text = descriptor(parts.plain, "${GRPC_PORT:-1}", service={"name": "${SERVICE_NAME:-a}"})
    report = Report(write(text), env={"SERVICE_NAME": "b", "ETCD_HOSTS": "etcd1:2379"})
    report.names("ENVIRONMENT_UNUSED", "warning", "ETCD_HOSTS is set, but no descriptor uses it")
    [used, _] = report.of("environment")
    assert "set: SERVICE_NAME; not set, so that the default counts: GRPC_PORT" in used.text


def test_a_variable_that_one_of_several_descriptors_uses(parts, write, tmp_path):
    write(descriptor("${ETCD_HOSTS}", "${GRPC_PORT}", name="a"), "all/a.yaml")
    write(descriptor(parts.plain, 50052, name="b"), "all/b.yaml")
    write(reader(parts.plain, {"c": tmp_path / "c.json"}), "all/c.yaml")
    folder = write("", "all/none.txt").parent
    env = {"GRPC_PORT": "50051", "ETCD_HOSTS": f"127.0.0.1:{parts.plain.port}"}
    assert "ENVIRONMENT_UNUSED" not in Report(folder, env=env).warnings
    report = Report(folder, env={**env, "SERVICE_HOST": "x"})
    report.names("ENVIRONMENT_UNUSED", "warning", "SERVICE_HOST is set, but no descriptor uses it")


# ---- names and endpoints -------------------------------------------------------------------------


def test_a_name_that_does_not_exist(doctor):
    report = doctor("[no-such-host.invalid:2379]")
    report.names("NAME_UNKNOWN", "problem", "^name no-such-host.invalid: ")
    assert [f.level for f in report.of("endpoint")] == ["skipped"]
    assert [f.level for f in report.of("user")] == ["skipped"]


def test_a_name_is_said_once_with_its_addresses(parts, doctor):
    other = free_port()
    report = doctor(f"['localhost:{parts.plain.port}', 'localhost:{other}']")
    [name] = report.of("name")
    assert name.level == "ok" and re.search(r"^localhost: .*127\.0\.0\.1.* \(\d+\.\dms\)$", name.text)
    assert [f.level for f in report.of("endpoint")] == ["ok", "problem"]


def test_no_name_server_answers(write):
    need_mounts()
    nobody = write("nameserver 127.0.0.77\noptions attempts:1 timeout:1\n", "resolv.conf")
    config = write(descriptor("[etcd.example:2379]", 1, etcd={"request_timeout": "500ms"}))
    bind = f'mount --bind {nobody} /etc/resolv.conf && exec "$@"'
    report = Report(config, within=[*UNSHARE, "sh", "-c", bind, "sh"])
    report.names("NAME_TIMEOUT", "problem", "^name etcd.example: ")


def test_nothing_listens(doctor):
    port = free_port()
    doctor(quoted(f"127.0.0.1:{port}")).names(
        "ETCD_REFUSED", "problem", f"endpoint 127.0.0.1:{port}: nothing listens"
    )


def test_silence(doctor, listener):
    endpoint = f"127.0.0.1:{listener.getsockname()[1]}"
    doctor(quoted(endpoint), etcd={"request_timeout": "2s"}).names(
        "ETCD_TIMEOUT", "problem", f"no answer from {endpoint} in time"
    )


def test_a_web_server_is_no_etcd(doctor, http11):
    doctor(quoted(f"127.0.0.1:{http11}")).names("ETCD_NOT_ETCD", "problem", f"127.0.0.1:{http11}")


def test_a_grpc_server_is_no_etcd(doctor, serve):
    port = serve("py").port
    doctor(quoted(f"127.0.0.1:{port}")).names(
        "ETCD_NOT_ETCD", "problem", "a gRPC server that is no etcd"
    )


def test_http_to_an_etcd_that_wants_tls(parts, doctor):
    doctor(quoted(f"http://127.0.0.1:{parts.mutual.tls_port}")).names(
        "ETCD_TLS_WANTED", "problem", f"127.0.0.1:{parts.mutual.tls_port}"
    )


def test_https_to_an_etcd_without_tls(parts, doctor):
    doctor(quoted(f"https://{parts.plain.endpoint}"), etcd={"tls": parts.tls()}).names(
        "ETCD_TLS_ABSENT", "problem", "does not answer in TLS"
    )


def test_an_authority_that_is_not_trusted(parts, doctor, tmp_path):
    other = Authority(tmp_path, "other")
    doctor(quoted(parts.users.tls_endpoint), etcd={"tls": f"{{ca_file: {other.cert}}}"}).names(
        "ETCD_CERT_UNTRUSTED", "problem", r"authority that is not trusted.*CN=authority"
    )


def test_a_certificate_for_another_name(parts, doctor):
    doctor(quoted(parts.plain.tls_endpoint), etcd={"tls": parts.tls()}).names(
        "ETCD_TLS_NAME", "problem", r'is not for "127.0.0.1", it holds: etcd.example'
    )


def today():
    return datetime.datetime.now(datetime.timezone.utc).date()


def test_a_certificate_that_has_expired(parts, doctor):
    before = today()
    report = doctor(quoted(parts.full.tls_endpoint), etcd={"tls": parts.tls()})
    report.names(
        "ETCD_CERT_EXPIRED", "problem",
        rf"ended at {ends_on(parts.expired)} .* our clock says ({before}|{today()}) ",
    )  # fmt: skip


def test_a_certificate_that_soon_ends(parts, doctor):
    report = doctor(quoted(parts.users.tls_endpoint), etcd={"tls": parts.tls()})
    report.names("ETCD_CERT_ENDS", "warning", "ends at .*, in 4 days")
    assert "ok" in [f.level for f in report.of("endpoint")]


def test_any_certificate_is_taken(parts, doctor):
    tls = "{insecure_skip_verify: true}"
    report = doctor(quoted(parts.full.tls_endpoint), etcd={"tls": tls})
    report.names("ETCD_TLS_UNCHECKED", "warning", "any certificate is taken")


def test_etcd_wants_a_client_certificate(parts, doctor):
    endpoint = quoted(parts.mutual.tls_endpoint)
    doctor(endpoint, etcd={"tls": parts.tls()}).names(
        "ETCD_TLS_CLIENT", "problem", "(wants|asked for) a client certificate"
    )
    keys = {"cert_file": parts.agent.cert, "key_file": parts.agent.key}
    assert doctor(endpoint, etcd={"tls": parts.tls(**keys)}).of("endpoint")[0].level == "ok"


def test_files_that_are_no_certificates(parts, doctor, write):
    report = doctor(quoted(parts.users.tls_endpoint), etcd={"tls": f"{{ca_file: {write('none')}}}"})
    report.names("ETCD_TLS_FILES", "problem", "there is no certificate in it")


# ---- the cluster ---------------------------------------------------------------------------------


def test_members_of_two_clusters(parts, doctor):
    report = doctor(quoted(parts.plain.endpoint, parts.mutual.endpoint))
    report.names("ETCD_CLUSTERS_DIFFER", "problem", "it belongs to cluster [0-9a-f]+, and")


def fill(etcd):
    """Writes until etcd says that its database is full."""
    done = subprocess.run(
        ["sh", "-c", 'for i in $(seq 100); do head -c 300000 /dev/zero | tr "\\0" x |'
         f" etcdctl --endpoints {etcd.endpoint} put /fill/$i || exit 0; done; exit 1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and "space exceeded" in done.stderr


def test_a_full_database(parts, doctor):
    fill(parts.full)
    report = doctor(parts.full)
    report.names("ETCD_ALARM_NOSPACE", "problem", f"cluster {parts.full.endpoint}: ")
    assert [f.level for f in report.of("permission")] == ["skipped"]


def test_corrupt_data(parts, doctor):
    member = parts.mutual.call("maintenance/status", {})["header"]["member_id"]
    alarm = {"memberID": member, "alarm": "CORRUPT"}
    parts.mutual.call("maintenance/alarm", {"action": "ACTIVATE", **alarm})
    report = doctor(parts.mutual)
    with pytest.raises(AssertionError, match="corrupt"):
        parts.mutual.put("/x", "")
    parts.mutual.call("maintenance/alarm", {"action": "DEACTIVATE", **alarm})
    report.names("ETCD_ALARM_CORRUPT", "problem", f"cluster {parts.mutual.endpoint}: ")
    assert report.problems == ["ETCD_ALARM_CORRUPT", "PORT_REFUSED"]
    assert [f.level for f in report.of("permission") + report.of("key")] == ["skipped", "ok"]


def test_a_learner(parts, doctor, tmp_path):
    learner = Etcd(tmp_path, "learner")
    learner.flags += [*UNSAFE, "--initial-cluster-state", "existing"]
    learner.members = [*parts.cluster, learner]
    parts.etcds.append(learner)
    added = f"etcdctl member add learner --learner --peer-urls={learner.peer_url}"
    etcdctl(parts.cluster[0], added, as_root=False)
    learner.spawn_only()
    deadline = time.monotonic() + 120
    report = doctor(learner)
    while "ETCD_LEARNER" not in report.warnings:
        assert time.monotonic() < deadline, report.said
        report = doctor(learner)
    report.names("ETCD_LEARNER", "warning", f"endpoint {learner.endpoint}: .* is a learner")
    learner.stop()


def test_no_leader(parts, doctor):
    first, *others = parts.cluster
    for member in others:
        member.stop()
    deadline = time.monotonic() + 120
    everyone = quoted(*(member.endpoint for member in parts.cluster))
    report = doctor(everyone)
    while "ETCD_NO_LEADER" not in report.problems:
        assert time.monotonic() < deadline, report.said
        report = doctor(everyone)
    report.names("ETCD_NO_LEADER", "problem", f"endpoint {first.endpoint}: ")
    assert report.problems.count("ETCD_REFUSED") == 2
    assert [f.level for f in report.of("cluster")] == ["skipped"]


# ---- the user ------------------------------------------------------------------------------------


def as_user(parts, name="coupon-agent", **more):
    return {"username": name, "password_file": parts.password_file, **more}


def test_a_wrong_password(parts, doctor):
    report = doctor(parts.users, etcd={"username": "coupon-agent", "password": "not-" + PASSWORD})
    report.names("AUTH_FAILED", "problem", "user coupon-agent: etcd refuses it")
    assert PASSWORD not in report.said
    assert [f.level for f in report.of("key")] == ["skipped"]


def test_a_password_that_is_not_there(parts, doctor, tmp_path):
    keys = {"username": "coupon-agent", "password_file": tmp_path / "none"}
    doctor(parts.users, etcd=keys).names("AUTH_NO_PASSWORD", "problem", str(tmp_path / "none"))


def test_a_user_is_wanted(parts, doctor):
    doctor(parts.users).names("AUTH_NEEDED", "problem", "none is named, and etcd wants one")


def test_a_user_is_not_wanted(parts, doctor):
    report = doctor(parts.plain, etcd=as_user(parts))
    report.names("AUTH_OFF", "warning", "user coupon-agent: etcd has authentication switched off")
    assert report.of("permission")[0].level == "ok"


def test_the_least_role_is_enough(parts, doctor):
    before = revision(parts.users)
    report = doctor(parts.users, etcd=as_user(parts))
    assert [f.level for f in report.of("user") + report.of("permission")] == ["ok", "ok"]
    assert report.of("prefix")[0].level == "ok"
    assert PASSWORD not in report.said
    assert revision(parts.users) == before


def test_a_role_without_the_key(parts, doctor):
    before = revision(parts.users)
    report = doctor(parts.users, name="orders", etcd=as_user(parts))
    report.names("PERMISSION_DENIED", "problem", "user coupon-agent may neither read nor write")
    assert report.of("prefix")[0].level == "skipped"
    assert revision(parts.users) == before
    assert parts.users.get("/services/orders/") == {}


def test_a_role_that_only_reads(parts, doctor):
    doctor(parts.users, etcd=as_user(parts, "coupon-reader")).names(
        "PERMISSION_DENIED", "problem", "user coupon-reader may read, but not write"
    )


# ---- the service ---------------------------------------------------------------------------------


def test_no_service(parts, doctor):
    port = free_port()
    report = doctor(parts.plain, port).names("PORT_REFUSED", "problem", f"localhost:{port}: REFUSED")
    assert [f.level for f in report.of("health")] == ["skipped"]


def test_a_service_that_hangs(parts, doctor, listener):
    report = doctor(parts.plain, listener.getsockname()[1], probe={"timeout": "2s"})
    report.names("PORT_SILENT", "problem", "DEADLINE")
    probe = {"timeout": "2s", "tls": parts.tls()}
    report = doctor(parts.plain, listener.getsockname()[1], probe=probe)
    assert report.names("PORT_SILENT", "problem", "DEADLINE").problems == ["PORT_SILENT"]


def test_a_web_server_is_no_service(parts, doctor, http11):
    doctor(parts.plain, http11).names("PORT_NOT_GRPC", "problem", "answers HTTP/1.1")


@pytest.mark.parametrize("kind", ["py", "go"])
def test_a_service_that_wants_tls(parts, doctor, serve, kind):
    server = serve(kind, tls=parts.agent)
    doctor(parts.plain, server.port).names("PORT_TLS_WANTED", "problem", f"localhost:{server.port}")


def test_a_service_without_tls(parts, doctor, serve):
    doctor(parts.plain, serve("py").port, probe={"tls": parts.tls()}).names(
        "PORT_TLS_ABSENT", "problem", "does not answer in TLS"
    )


def test_a_service_whose_certificate_is_not_trusted(parts, doctor, serve, tmp_path):
    other = Authority(tmp_path, "other").issue("service")
    doctor(parts.plain, serve("py", tls=other).port, probe={"tls": parts.tls()}).names(
        "PORT_CERT_UNTRUSTED", "problem", "not trusted here"
    )


def test_a_service_over_tls(parts, doctor, serve):
    server = serve("py", tls=parts.agent)
    report = doctor(parts.plain, server.port, probe={"tls": parts.tls()})
    assert report.problems == [] and "over TLS" in report.of("port")[0].text
    assert 'it knows "" SERVING' in report.of("health")[0].text


def test_a_name_that_the_health_service_does_not_know(parts, doctor, serve):
    server = serve("py", statuses={"orders": "SERVING"})
    doctor(parts.plain, server.port, probe={"service": "order"}).names(
        "HEALTH_UNKNOWN_SERVICE", "problem", r'probe.service "order": .* it knows "orders" SERVING'
    )


def test_a_service_that_says_no(parts, doctor, serve):
    server = serve("go", statuses={"": "NOT_SERVING"})
    report = doctor(parts.plain, server.port)
    report.names("HEALTH_NOT_SERVING", "problem", "the whole server")
    assert report.of("key")[0].level == "ok", "it is not there, and that is right"


def test_no_health_service(parts, doctor, serve):
    port = serve("go", health="none").port
    doctor(parts.plain, port).names("HEALTH_ABSENT", "warning", "no health service")
    doctor(parts.plain, port, probe={"unimplemented": "fail"}).names(
        "HEALTH_REQUIRED", "problem", "no health service"
    )


def test_probes_of_other_kinds(parts, doctor, http11):
    report = doctor(parts.plain, http11, probe={"type": "tcp"})
    assert "it takes connections" in report.of("port")[0].text and report.problems == []
    report = doctor(parts.plain, http11, probe={"type": "http", "path": "/well"})
    report.names("HEALTH_HTTP_STATUS", "problem", "health GET /well: .*400")
    assert "it answers HTTP" in report.of("port")[0].text
    doctor(parts.plain, probe={"type": "http"}).names("PORT_REFUSED", "problem", "REFUSED")
    doctor(parts.plain, probe={"type": "tcp"}).names("PORT_REFUSED", "problem", "REFUSED")
    report = doctor(parts.plain, probe={"type": "exec", "command": "[sh, -c, 'exit 3']"})
    report.names("HEALTH_COMMAND_FAILED", "problem", "health sh: ")
    assert report.of("port") == []
    report = doctor(parts.plain, probe={"type": "exec", "command": "[/no/such/program]"})
    report.names("HEALTH_COMMAND_MISSING", "problem", "health /no/such/program: ")
    assert doctor(parts.plain, probe={"type": "exec", "command": "['true']"}).problems == []


# ---- the key -------------------------------------------------------------------------------------


def test_keys_that_are_not_as_they_should_be(parts, doctor, serve):
    port = serve("py").port
    key, ours = key_of(port), value(port).replace(" ", "")
    doctor(parts.plain, port).names("KEY_ABSENT", "warning", "although the service is well")
    parts.plain.put(key, ours)
    report = doctor(parts.plain, port).names("KEY_NO_LEASE", "warning", "hangs on no lease")
    assert report.status == 0 and report.warnings == ["KEY_NO_LEASE"]
    lease = int(parts.plain.call("lease/grant", {"TTL": "600"})["ID"])
    parts.plain.put(key, ours, lease)
    assert doctor(parts.plain, port).warnings == []
    parts.plain.put("/services/another/h:1", "x", lease)
    doctor(parts.plain, port).names(
        "KEY_FOREIGN_LEASE", "warning", f"lease {lease:x}, and so does /services/another/h:1"
    )
    parts.plain.revoke(lease)
    lease = int(parts.plain.call("lease/grant", {"TTL": "500"})["ID"])
    parts.plain.put(key, value(port, weight=9), lease)
    report = doctor(parts.plain, port, register={"ttl": "600s"})
    report.names("KEY_FOREIGN_LEASE", "warning", f"lease {lease:x} of 500s.*would have 600s")
    report.names("KEY_OTHER_VALUE", "warning", "not the one that this descriptor writes")
    parts.plain.revoke(lease)


def test_a_key_that_is_no_instance(parts, doctor):
    parts.plain.put(f"/services/{NAME}/garbage", "{")
    try:
        report = doctor(parts.plain)
    finally:
        parts.plain.delete(f"/services/{NAME}/garbage")
    report.names("KEY_UNREADABLE", "warning", f"prefix /services/{NAME}/garbage: it is no instance")


def test_a_key_of_another_that_never_goes(parts, doctor, write, serve, tmp_path):
    port = serve("py").port
    key, left = key_of(port), key_of(1, host="10.9.9.9")
    parts.plain.put(left, value(1, "10.9.9.9"))
    try:
        for report in (
            doctor(parts.plain, port),
            Report(write(reader(parts.plain, {NAME: tmp_path / "a.json"}))),
        ):
            report.names("KEY_NO_LEASE", "warning", f"prefix {left}: it hangs on no lease")
        parts.plain.put(key, value(port).replace(" ", ""))
        report = doctor(parts.plain, port)
        told = [f.check for f in report.findings if f.code == "KEY_NO_LEASE"]
        assert told == ["key", "prefix"]
    finally:
        parts.plain.delete(left)
        parts.plain.delete(key)


def test_more_keys_than_are_looked_at(parts, write, tmp_path):
    for i in range(300):
        host = f"10.0.{i // 100}.{i % 100}"
        parts.plain.put(f"/services/many/{host}:80", value(80, host))
    report = Report(write(reader(parts.plain, {"many": tmp_path / "a.json"})))
    *warnings, (_, _, text, _) = report.of("prefix")
    assert [f.code for f in warnings] == 9 * ["KEY_NO_LEASE"]
    assert warnings[-1].text == "/services/many/: 248 more keys hang on no lease"
    assert "300 keys, the first 256 of which were looked at: 256 instances: 10.0.0.0:80, " in text
    told = re.search("10.0.0.0:80.*:80, and ([0-9]+) more$", text)
    assert told and told[0].count(":80") + int(told[1]) == 256


# ---- readers -------------------------------------------------------------------------------------


def test_a_reader(parts, write, tmp_path):
    outputs = [
        tmp_path / "a.json",
        tmp_path / "none" / "a.json",
        {"type": "nginx", "path": tmp_path / "b", "reload": "[no-such-program-at-all]"},
        {"type": "exec", "command": "[sh, -c, 'true']"},
        {"type": "haproxy", "socket": tmp_path / "haproxy.sock"},
    ]
    report = Report(write(reader(parts.plain, {"orders": outputs})))
    report.names("PREFIX_EMPTY", "warning", "prefix /services/orders/: nothing is listed")
    report.names("OUTPUT_FOLDER", "problem", f"{tmp_path}/none/a.json: its folder .*: No such file")
    report.names("OUTPUT_COMMAND", "problem", "no-such-program-at-all: no folder of ")
    report.names("OUTPUT_SOCKET", "problem", "haproxy.sock: HAProxy does not answer there")
    assert [f.level for f in report.of("output")].count("ok") == 3


def test_a_reader_of_haproxy(parts, write, tmp_path, closing):
    proxy = closing(HAProxy(tmp_path)).start()
    output = {"type": "haproxy", "socket": proxy.socket, "backend": "coupon"}
    report = Report(write(reader(parts.plain, {"orders": output})))
    assert (report.status, report.problems) == (0, [])
    assert "HAProxy answers and has backend coupon" in report.of("output")[0].text
    output["backend"] = "no-such"
    Report(write(reader(parts.plain, {"orders": output}))).names(
        "OUTPUT_BACKEND", "problem", "haproxy.sock: about backend no-such it says: .*backend"
    )


def test_a_reader_without_the_permission(parts, write, tmp_path):
    config = reader(parts.users, {"orders": tmp_path / "a.json"}, etcd=as_user(parts, "coupon-reader"))
    Report(write(config)).names(
        "PERMISSION_READ", "problem", "prefix /services/orders/: user coupon-reader may not read"
    )
    config = reader(parts.users, {NAME: tmp_path / "a.json"}, etcd=as_user(parts, "coupon-reader"))
    assert Report(write(config)).problems == []


# ---- the agent -----------------------------------------------------------------------------------


def test_no_agent_answers(parts, doctor, http11):
    listen = free_port()
    doctor(parts.plain, admin={"listen": f"127.0.0.1:{listen}"}).names(
        "ADMIN_SILENT", "warning", f"admin 127.0.0.1:{listen}: no agent answers there"
    )
    doctor(parts.plain, admin={"listen": f"127.0.0.1:{http11}"}).names(
        "ADMIN_OTHER", "warning", f"admin 127.0.0.1:{http11}: what answers there is no agent"
    )


def test_a_folder_of_descriptors_asks_each_cluster_once(parts, write, serve):
    port = serve("py").port
    for name in ("a", "b"):
        write(descriptor(parts.plain, port, name=name), f"all/{name}.yaml")
    report = Report(write("", "all/none.txt").parent)
    assert len(report.of("endpoint")) == 1 and len(report.of("health")) == 2
