# SPDX-License-Identifier: Apache-2.0
"""Readers of an etcd with users and TLS: the documented role is enough; what is wrong is said."""

import pytest

from lib.certs import Authority
from lib.document import addresses
from lib.gateway import encode
from lib.reader import PREFIX, at, delete, put
from lib.users import add_reader, etcdctl, switch_on

PASSWORD = "correct-horse"
USER = "coupon-reader"
DENIED = rf'user \\?"{USER}\\?" may not read {PREFIX}: give its role read on it'
AUDITED = 90  # what a watch does not hear of is found out by then, seconds


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "etcd-password"
    path.write_text(PASSWORD + "\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def guarded(etcds, password_file):
    """Starts an etcd with users, the reader's among them: guarded("--auth-token-ttl", "4")."""

    def start(*flags):
        etcd = etcds("guarded")
        etcd.flags = list(flags)
        etcd.start()
        add_reader(etcd, password_file)
        switch_on(etcd)
        return etcd

    return start


@pytest.fixture
def follow_as_user(follow, password_file):
    keys = {"username": USER, "password_file": password_file, "request_timeout": "30s"}
    return lambda etcd: follow(etcd, etcd=keys)


def test_the_documented_role_is_enough(guarded, follow_as_user):
    etcd = guarded()
    put(etcd, 1)
    sidecar, written = follow_as_user(etcd)
    written.lists(*at(1))
    put(etcd, 2)
    delete(etcd, 1)
    written.lists(*at(2))
    assert sidecar.log.count("cannot|refuses") == 0
    assert PASSWORD not in sidecar.log.text()


def test_etcd_restarts_and_forgets_its_tokens(guarded, follow_as_user):
    etcd = guarded()
    put(etcd, 1)
    sidecar, written = follow_as_user(etcd)
    written.lists(*at(1))
    etcd.stop()
    written.is_stale()
    etcd.start()
    put(etcd, 2)
    written.lists(*at(1, 2))
    assert sidecar.log.count("refuses") == 0


def test_a_reader_that_is_denied_says_so_and_goes_on_when_granted(guarded, follow_as_user):
    etcd = guarded()
    put(etcd, 1)
    etcdctl(etcd, f"etcdctl role revoke-permission {USER} --prefix {PREFIX}")
    sidecar, written = follow_as_user(etcd)
    sidecar.wait_log(DENIED)
    assert not written.path.exists()
    etcdctl(etcd, f"etcdctl role grant-permission {USER} --prefix read {PREFIX}")
    written.lists(*at(1), timeout=90)


def test_a_role_that_is_taken_away_after_its_token_has_expired(guarded, follow_as_user):
    """The watch stays open, but nobody confirms what it says: the audit logs in, and is denied."""
    etcd = guarded("--auth-token-ttl", "2")
    put(etcd, 1)
    sidecar, written = follow_as_user(etcd)
    written.lists(*at(1))
    etcdctl(etcd, f"etcdctl role revoke-permission {USER} --prefix {PREFIX}")
    stale = written.is_stale(timeout=AUDITED)
    assert addresses(stale) == at(1)
    sidecar.wait_log(DENIED)
    etcdctl(etcd, f"etcdctl role grant-permission {USER} --prefix read {PREFIX}")
    written.is_sure(timeout=AUDITED)
    put(etcd, 2)
    written.lists(*at(1, 2))
    assert sidecar.log.count("refuses|wants a user") == 0


def test_a_wrong_password_is_said_and_mended_in_the_file(guarded, follow_as_user, password_file):
    etcd = guarded()
    put(etcd, 1)
    password_file.write_text("wrong\n")
    sidecar, written = follow_as_user(etcd)
    sidecar.wait_log(rf'etcd refuses user \\?"{USER}\\?": wrong name or password')
    password_file.write_text(PASSWORD)
    written.lists(*at(1), timeout=90)


def test_a_reader_without_a_user_says_what_is_wanted(guarded, follow):
    etcd = guarded()
    sidecar, written = follow(etcd)
    sidecar.wait_log("etcd wants a user .*: set etcd.username and etcd.password_file")
    assert not written.path.exists()


def test_mutual_tls_and_a_user_by_certificate(etcds, follow, tmp_path):
    authority = Authority(tmp_path)
    etcd = etcds().secure(authority.issue("etcd"), clients=authority.cert).start()
    etcd.call("auth/user/add", {"name": USER, "options": {"no_password": True}})
    etcd.call("auth/role/add", {"name": USER})
    # All under the prefix, and nothing beside it.
    span = {"key": encode(PREFIX), "range_end": encode(PREFIX[:-1] + "0")}
    etcd.call("auth/role/grant", {"name": USER, "perm": {"permType": "READ", **span}})
    etcd.call("auth/user/grant", {"user": USER, "role": USER})
    switch_on(etcd)
    mine = authority.issue("mine", client_cn=USER)
    tls = f"{{ca_file: {authority.cert}, cert_file: {mine.cert}, key_file: {mine.key}}}"
    _, written = follow(f"[{etcd.tls_endpoint}]", etcd={"tls": tls})
    written.lists()
    put(etcd, 1)
    written.lists(*at(1))


def test_an_authority_that_nobody_trusts(etcds, follow, tmp_path):
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    etcd = etcds().secure(authority.issue("etcd")).start()
    sidecar, written = follow(
        f"[{etcd.tls_endpoint}]", etcd={"tls": f"{{ca_file: {stranger.cert}}}"}
    )
    sidecar.wait_log(r"cannot follow the service yet.* \"?.*certificate")
    assert not written.path.exists()
