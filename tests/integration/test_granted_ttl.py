# SPDX-License-Identifier: Apache-2.0
"""etcd grants at least one and a half election timeouts: what it grants is what counts."""

import time

import pytest

from lib.counters import counter
from lib.descriptor import key_of

ASKED, GRANTED = 2, 8
SLOW_ELECTIONS = ["--election-timeout", "5000", "--heartbeat-interval", "500"]
RENEWALS = "etcd_debugging_lease_renewed_total"


@pytest.fixture
def etcd(etcds):
    """No lease of this one is shorter than eight seconds."""
    slow = etcds()
    slow.flags = SLOW_ELECTIONS
    return slow.start()


def test_renewals_follow_what_was_granted(serve, sidecar, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    agent = sidecar(server, register={"ttl": f"{ASKED}s"})
    put = watch.put(key)
    assert etcd.lease(put.lease)[1] == GRANTED
    agent.wait_log(rf"Service registered: .* lease={put.lease:x} ttl={GRANTED}(\.0)?s")

    began, before = time.monotonic(), counter(etcd, RENEWALS)
    for _ in range(2):
        etcd.outlast(GRANTED)
    renewals = counter(etcd, RENEWALS) - before
    took = time.monotonic() - began
    watch.nothing_more(key)
    assert etcd.leases() == [put.lease]
    # One in a third of the TTL, brought forward by at most a fortieth of it; one was due at once.
    assert took / GRANTED - 1 <= renewals <= took / (GRANTED / 3 - GRANTED / 40) + 1
