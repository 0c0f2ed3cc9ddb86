# SPDX-License-Identifier: Apache-2.0
"""A member says that the instances are gone, and the others know better.

A sudden loss is confirmed by another member before it is written.
"""

import pytest

from lib.descriptor import key_of
from lib.document import addresses
from lib.liar import Liar
from lib.ports import free_port
from lib.proxy import TcpProxy
from lib.reader import at, put

PORTS = (1, 2, 3, 4)
# Nobody is left for another because the machine was slow: who is asked is up to the test.
PATIENT = {"audited": True, "etcd": {"request_timeout": "60s"}, "log": {"level": "debug"}}


@pytest.fixture
def liar(etcd, closing):
    return closing(Liar(etcd))


@pytest.fixture
def honest(etcd, closing):
    return closing(TcpProxy(etcd.port))


@pytest.fixture
def believer(etcd, liar, honest, follow):
    """A reader of both that asks the liar, since the other could not be reached at first."""
    put(etcd, *PORTS)
    honest.cut()
    sidecar, written = follow(f"[{liar.endpoint}, {honest.endpoint}]", **PATIENT)
    written.lists(*at(*PORTS))
    return sidecar, written


def restart_until_lied_to(sidecar, liar):
    """Ten times, and on: the liar may not have been the one that was asked."""
    for turn in range(100):
        if turn >= 10 and liar.lied:
            break
        sidecar.stop()
        sidecar.start()
        sidecar.wait_log("following opening -> live")
    assert liar.lied > 0


def assert_not_fooled(etcd, written, since):
    put(etcd, 5)
    written.lists(*at(*PORTS, 5))
    written.assert_never(lambda d: not {*at(*PORTS)} <= {*addresses(d)}, since)


def test_a_watch_that_deletes_all(etcd, liar, honest, believer):
    sidecar, written = believer
    sidecar.wait_log("following opening -> live")
    honest.open()
    liar.delete([key_of(port) for port in PORTS])
    sidecar.wait_log(rf"warn  a member of etcd has said that most .* at={liar.endpoint}")
    assert_not_fooled(etcd, written, written.seen - 1)


def test_an_empty_range_from_the_member_that_calls_go_to(etcd, liar, honest, follow):
    """The watch is with the honest member, so it is the other one that has to confirm."""
    put(etcd, *PORTS)
    liar.refusing = True
    honest.cut()
    sidecar, written = follow(f"[{liar.endpoint}, {honest.endpoint}]", **PATIENT)
    written.lists(*at(*PORTS))
    honest.open()
    sidecar.wait_log("following opening -> live")
    since = written.seen - 1
    liar.empty = True
    honest.end_connections()
    sidecar.wait_log("following live -> (reading|resting)")
    assert_not_fooled(etcd, written, since)
    assert liar.lied > 0


@pytest.mark.parametrize("refusing", [False, True], ids=["all of it", "its calls alone"])
def test_an_empty_range_after_a_restart(refusing, etcd, liar, honest, believer):
    """What the file says is as much worth as what was seen. Who is asked first is drawn."""
    sidecar, written = believer
    honest.open()
    since = written.seen - 1
    liar.empty, liar.refusing = True, refusing
    restart_until_lied_to(sidecar, liar)
    assert_not_fooled(etcd, written, since)


def test_nobody_confirms_himself(etcd, liar, honest, follow, closing):
    """The next endpoint is dead, and the one after it knows better."""
    put(etcd, *PORTS)
    dead = [f"127.0.0.1:{free_port()}" for _ in range(4)]
    endpoints = ", ".join([liar.endpoint, honest.endpoint, *dead])
    sidecar, written = follow(f"[{endpoints}]", **PATIENT)
    written.lists(*at(*PORTS))
    since = written.seen - 1
    liar.empty = True
    restart_until_lied_to(sidecar, liar)
    assert_not_fooled(etcd, written, since)
