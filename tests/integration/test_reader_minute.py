# SPDX-License-Identifier: Apache-2.0
"""A real minute without etcd."""

from lib.descriptor import NAME
from lib.document import addresses
from lib.reader import at, delete, put, reader

AWAY = 60


def test_etcd_is_away_for_a_minute(etcd, etcds, agent, document):
    clock = etcds("clock").start()
    put(etcd, 1, 2, 3, 4)
    written, other = document(), document("point-service")
    put(etcd, 9, name="point-service")
    sidecar = agent(reader(etcd, {NAME: written.path, "point-service": other.path}))
    written.lists(*at(1, 2, 3, 4))
    other.lists(*at(9))
    etcd.stop()
    written.is_stale()
    first = written.seen - 1
    clock.outlast(AWAY)
    # The age is written anew every ten seconds, and nothing else happens.
    ages = [v.document["age_seconds"] for v in written.versions[first:]]
    assert ages == sorted(ages) and ages[-1] >= AWAY - 12, ages
    assert AWAY / 10 - 1 <= len(ages) <= (ages[-1] + 3) / 10 + 1, ages
    written.assert_never(lambda d: addresses(d) != at(1, 2, 3, 4), first)
    said = sidecar.log.count("cannot follow the service yet.* service=coupon-service")
    assert 4 <= said <= 8, "said at the first, second, fourth ... try"
    etcd.start()
    written.lists(*at(1, 2, 3, 4), timeout=60)
    other.lists(*at(9), timeout=60)
    put(etcd, 5)
    delete(etcd, 1)
    written.lists(*at(2, 3, 4, 5))
    assert sidecar.log.count("etcd answers again.* service=coupon-service") == 1
