# SPDX-License-Identifier: Apache-2.0
"""etcd with users: the documented role is enough, and whatever goes wrong is said and mended."""

import http.client
import re
import time

import pytest

from lib.descriptor import descriptor, key_of
from lib.users import add_agent, etcdctl, switch_on

PASSWORD = "correct-horse"
USER = "coupon-agent"
TTL = 6  # renewed every two seconds, so that one that is late by a few does not let it lapse
SHORT = {"ttl": f"{TTL}s"}
QUICK = {"interval": "200ms", "timeout": "60s"}


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "etcd-password"
    path.write_text(PASSWORD + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def guarded(etcds, password_file):
    """Starts an etcd with users, the agent's among them: guarded("--auth-token-ttl", "4")."""

    def start(*flags):
        etcd = etcds("guarded")
        etcd.flags = list(flags)
        etcd.start()
        add_agent(etcd, password_file)
        switch_on(etcd)
        return etcd

    return start


@pytest.fixture
def text_of(password_file):
    """The descriptor of a service whose agent logs in."""

    def text(etcd, server, user=USER, register=SHORT, **sections):
        keys = {"username": user, "password_file": password_file, "request_timeout": "30s"}
        return descriptor(etcd, server.port, etcd=keys, register=register, probe=QUICK, **sections)

    return text


def logins(etcd):
    """How many Authenticate etcd has been asked for, by its own count."""
    connection = http.client.HTTPConnection("127.0.0.1", etcd.port, timeout=60)
    connection.request("GET", "/metrics")
    metrics = connection.getresponse().read().decode()
    connection.close()
    pattern = r'^grpc_server_started_total\{.*grpc_method="Authenticate".*\} (\d+)$'
    return sum(int(n) for n in re.findall(pattern, metrics, re.M))


def test_the_documented_role_is_enough(guarded, serve, agent, text_of):
    etcd, server = guarded(), serve()
    key, watch = key_of(server.port), etcd.watch()
    text = text_of(etcd, server, register={"ttl": "20s"})  # another agent is there before that
    first = agent(text)
    put = watch.put(key)
    etcd.outlast(20)
    watch.nothing_more(key)

    first.kill()
    second = agent(text)
    taken = watch.put(key)
    assert taken.lease != put.lease
    second.wait_log(rf"Service registered: .* taken_over_from=0*{put.lease:x}")

    second.stop()
    watch.gone(key)
    assert PASSWORD not in first.log.text() + second.log.text()


def test_a_wrong_password_is_said_and_mended_in_the_file(
    guarded, etcds, serve, agent, text_of, password_file
):
    etcd, server, clock = guarded(), serve(), etcds("clock").start()
    key, watch = key_of(server.port), etcd.watch()
    password_file.write_text("wrong\n")
    before, began = logins(etcd), time.monotonic()
    sidecar = agent(text_of(etcd, server))
    refused = rf'etcd refuses user \\?"{USER}\\?": wrong name or password'
    sidecar.wait_log(refused)
    clock.outlast(4)
    assert 1 <= logins(etcd) - before <= 6 + max(0, time.monotonic() - began - 5)
    # Said at the first, second, fourth ... try.
    assert sidecar.log.count(refused) <= (logins(etcd) - before).bit_length() + 1
    assert str(password_file) in sidecar.log.text()
    assert "wrong\n" not in sidecar.log.text()
    password_file.write_text(PASSWORD)
    watch.put(key, timeout=60)


@pytest.mark.parametrize("fault", ["missing", "empty", "folder", "long"])
def test_a_file_that_cannot_be_read_is_named(fault, guarded, serve, agent, text_of, password_file):
    etcd, server = guarded(), serve()
    key, watch = key_of(server.port), etcd.watch()
    sentence = {
        "missing": "cannot be opened: No such file or directory",
        "empty": "is empty",
        "folder": "is not a regular file",
        "long": "is longer than 4096 bytes",
    }[fault]
    password_file.unlink()
    if fault == "folder":
        password_file.mkdir()
    elif fault != "missing":
        password_file.write_text("" if fault == "empty" else "x" * 5000)
    sidecar = agent(text_of(etcd, server))
    sidecar.wait_log(rf"etcd.password_file: {re.escape(str(password_file))} {sentence}")
    if fault == "folder":
        password_file.rmdir()
    password_file.write_text(PASSWORD)
    watch.put(key, timeout=60)


def test_a_role_without_the_key(guarded, serve, agent, text_of):
    etcd, server = guarded(), serve()
    key, watch = key_of(server.port), etcd.watch()
    etcdctl(etcd, f"etcdctl role revoke-permission {USER} --prefix /services/coupon-service/")
    sidecar = agent(text_of(etcd, server))
    sidecar.wait_log(
        rf'etcd: user \\?"{USER}\\?" may not write {key}: '
        r"give its role readwrite on /services/coupon-service/"
    )
    prefix = "/services/coupon-service/"
    etcdctl(etcd, f"etcdctl role grant-permission {USER} --prefix readwrite {prefix}")
    watch.put(key, timeout=60)


def test_tokens_that_live_four_seconds(guarded, serve, agent, text_of):
    etcd, server = guarded("--auth-token-ttl", "4"), serve()
    key, watch = key_of(server.port), etcd.watch()
    sidecar = agent(text_of(etcd, server))
    put = watch.put(key)
    for _ in range(9):  # of six seconds each, and some: a minute, fifteen lives of a token
        etcd.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.leases() == [put.lease]
    assert sidecar.log.count("lease lost|key lost|refuses") == 0


def test_etcd_restarts_and_forgets_its_tokens(guarded, serve, agent, text_of):
    etcd, server = guarded(), serve()
    key, watch = key_of(server.port), etcd.watch()
    sidecar = agent(text_of(etcd, server))
    put = watch.put(key)
    etcd.stop()
    etcd.start()
    watch = etcd.watch()
    watch.put(key)
    for _ in range(2):  # the key is read back, with the token, at least once
        etcd.outlast(TTL)
    assert etcd.leases() == [put.lease]
    watch.nothing_more(key)
    assert sidecar.log.count("lease lost|key lost") == 0


def test_a_token_is_good_for_every_member(etcds, serve, agent, text_of, password_file):
    members, server = etcds(cluster=True), serve()
    add_agent(members[0], password_file)
    switch_on(members[0])
    for member in members:
        member.user = members[0].user
    key, watch = key_of(server.port), members[0].watch()
    endpoints = f"[{', '.join(m.endpoint for m in members)}]"
    sidecar = agent(text_of(endpoints, server))
    put = watch.put(key)
    for lost in members:
        [witness, *_] = [m for m in members if m is not lost]
        watch = witness.watch()
        watch.put(key)
        lost.kill()
        witness.wait_ready()
        witness.outlast(TTL)
        watch.nothing_more(key)
        assert witness.leases() == [put.lease]
        lost.start()
    assert sidecar.log.count("refuses|lease lost|key lost") == 0


def test_a_password_that_is_changed_in_both_places(guarded, serve, agent, text_of, password_file):
    etcd, server = guarded(), serve()
    key, watch = key_of(server.port), etcd.watch()
    agent(text_of(etcd, server))
    put = watch.put(key)
    password_file.write_text("another-one\n")
    etcdctl(etcd, f"etcdctl user passwd {USER} --interactive=false < '{password_file}'")
    for _ in range(2):
        etcd.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.leases() == [put.lease]


def test_a_password_that_is_changed_in_etcd_alone(
    guarded, etcds, serve, agent, text_of, password_file, tmp_path
):
    """The key stays: this etcd takes a renewal without a token. The rest waits for the file."""
    etcd, server, clock = guarded(), serve(), etcds("clock").start()
    key, watch = key_of(server.port), etcd.watch()
    sidecar = agent(text_of(etcd, server))
    put = watch.put(key)
    new = tmp_path / "new-password"
    new.write_text("another-one\n")
    before, began = logins(etcd), time.monotonic()
    etcdctl(etcd, f"etcdctl user passwd {USER} --interactive=false < '{new}'")
    etcdctl(etcd, "etcdctl put /of-others x")  # while nothing is written, nothing is read back
    sidecar.wait_log("cannot read the key back yet.*wrong name or password", timeout=60)
    for _ in range(2):
        clock.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.leases() == [put.lease]
    assert logins(etcd) - before <= 10 + max(0, time.monotonic() - began - 15)
    assert sidecar.log.count("lease lost|key lost") == 0

    password_file.write_text("another-one\n")
    etcdctl(etcd, f"etcdctl del {key}")
    watch.gone(key)
    assert watch.put(key, timeout=60).lease == put.lease
    sidecar.stop()
    watch.gone(key)


def test_authentication_is_switched_on_later(etcd, serve, agent, text_of, password_file):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    add_agent(etcd, password_file)
    sidecar = agent(text_of(etcd, server))
    put = watch.put(key)
    before = logins(etcd)
    switch_on(etcd)
    for _ in range(2):
        etcd.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.leases() == [put.lease]
    assert logins(etcd) > before
    assert sidecar.log.count("lease lost|key lost") == 0


def test_an_agent_without_a_user_says_what_is_wanted(guarded, serve, agent):
    etcd, server = guarded(), serve()
    sidecar = agent(descriptor(etcd, server.port, register=SHORT, probe=QUICK))
    sidecar.wait_log("etcd wants a user .*: set etcd.username and etcd.password_file")
    assert etcd.get() == {}


def test_many_services_log_in_once(guarded, serve, agent, text_of):
    etcd, watched = guarded(), serve()
    watch, before = etcd.watch(), None
    names = [f"copy-{i}" for i in range(30)]
    etcdctl(etcd, f"etcdctl role grant-permission {USER} --prefix readwrite /services/copy-")
    before = logins(etcd)
    agent(*(text_of(etcd, watched, service={"name": name}) for name in names))
    for name in names:
        watch.put(key_of(watched.port, name=name))
    assert logins(etcd) == before + 1
