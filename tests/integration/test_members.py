# SPDX-License-Identifier: Apache-2.0
"""Members that are not to be believed, and a store that is full: nothing is lost over them."""

import re

import pytest

from lib.descriptor import descriptor, key_of
from lib.proxy import TcpProxy
from lib.users import etcdctl

TTL = 8  # of which a third is left when endpoints have been passed over, and the machine stood still
QUICK = {"interval": "200ms", "timeout": "5s"}


def endpoints_of(*members):
    return f"[{', '.join(m.endpoint for m in members)}]"


@pytest.fixture
def strangers(etcds):
    """A second cluster that has nothing to do with the first."""
    stranger = etcds("stranger")
    stranger.flags = ["--initial-cluster-token", "strangers"]
    return stranger.start()


@pytest.fixture
def clock(etcds):
    """An etcd that nobody uses: its leases tell how much time has passed."""
    return etcds("clock").start()


def test_a_member_that_has_lost_the_others_says_so(etcds, serve, agent):
    """It could hold a renewal for seconds; asked as we ask, it says at once that it has no leader."""
    members = etcds(cluster=True)
    [alone, *others] = members
    server = serve()
    key, watch = key_of(server.port), alone.watch()
    sidecar = agent(descriptor(alone, server.port, register={"ttl": "6s"}, probe=QUICK))
    put = watch.put(key)
    for member in others:
        member.kill()
    sidecar.wait_log("cannot .* yet.*etcdserver: no leader", timeout=60)
    for member in others:
        member.spawn_only()
    for member in members:
        member.wait_ready()
    for _ in range(2):
        alone.outlast(6)
    assert alone.kept_leases(sidecar) == [put.lease]
    assert sidecar.log.count("lease lost|key lost") == 0


def test_another_cluster_behind_one_endpoint(etcd, strangers, clock, serve, agent, closing):
    """Two of three endpoints lead to etcd; the third, by mistake, to strangers."""
    ways = [closing(TcpProxy(etcd.port)), closing(TcpProxy(etcd.port))]
    astray = closing(TcpProxy(strangers.port))
    astray.cut()
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    text = descriptor(
        endpoints_of(*ways, astray), server.port, register={"ttl": f"{TTL}s"}, probe=QUICK
    )
    sidecar = agent(text)
    put = watch.put(key)
    astray.open()
    for way in ways:
        way.cut()
    sidecar.wait_log(
        rf"etcd at {astray.endpoint} belongs to another cluster \(id [0-9a-f]+, it was [0-9a-f]+\)"
    )
    for way in ways:
        way.open()
    for _ in range(2):
        clock.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.kept_leases(sidecar) == [put.lease]
    assert strangers.get() == {}
    assert sidecar.log.count("lease lost|key lost|made anew") == 0


@pytest.mark.parametrize("number", [1, 3], ids=["one endpoint", "three endpoints"])
def test_a_cluster_that_was_made_anew_is_believed(number, etcd, serve, agent, closing):
    ways = [closing(TcpProxy(etcd.port)) for _ in range(number)]
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    for i in range(50):
        etcd.put(f"/others/{i}", "")  # so that it was further on than it will be
    sidecar = agent(
        descriptor(
            endpoints_of(*ways), server.port, register={"ttl": f"{TTL}s"}, probe=QUICK
        )
    )
    put = watch.put(key)
    etcd.stop()
    etcd.wipe()
    etcd.start()
    again = etcd.watch().put(key, timeout=90)
    assert again.value == put.value
    assert etcd.kept_leases(sidecar) == [again.lease]
    assert sidecar.log.count("etcd was made anew or restored") == 1


def test_another_cluster_takes_the_place_of_the_first(etcd, strangers, serve, agent, closing):
    """A move: the same endpoints, another cluster for good."""
    ways = [closing(TcpProxy(etcd.port)) for _ in range(3)]
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    sidecar = agent(
        descriptor(
            endpoints_of(*ways), server.port, register={"ttl": f"{TTL}s"}, probe=QUICK
        )
    )
    watch.put(key)
    for way in ways:
        way.cut()
        way.target = strangers.port
    for way in ways:
        way.open()
    strangers.watch().put(key, timeout=90)
    sidecar.wait_log("belongs to another cluster")
    sidecar.wait_log("etcd was made anew or restored: it is cluster [0-9a-f]+ at revision")


def fill(etcd):
    """Writes one key again and again until etcd has no space left."""
    with pytest.raises(AssertionError, match="database space exceeded"):
        for _ in range(100):
            etcd.put("/filling", "x" * 100_000)


def test_a_full_store(etcds, clock, serve, agent):
    """Nothing can be put, but what is there is renewed; afterwards all goes on."""
    etcd = etcds("small")
    etcd.flags = ["--quota-backend-bytes", str(2 << 20)]
    etcd.start()
    first, second = serve(), serve()
    watch, sections = etcd.watch(), {"register": {"ttl": f"{TTL}s"}, "probe": QUICK}
    agent(descriptor(etcd, first.port, **sections))
    put = watch.put(key_of(first.port))
    fill(etcd)

    late = agent(descriptor(etcd, second.port, **sections))
    late.wait_log("etcd's database is full: leases are still renewed")
    for _ in range(2):
        clock.outlast(TTL)
    watch.nothing_more(key_of(first.port))
    # At the tries 1, 2, 4, 8: ever more seldom, however long it takes.
    said = [int(n) for n in re.findall(r"tries=(\d+) .*database is full", late.log.text())]
    assert said == sorted(set(said)) and all(n.bit_count() == 1 for n in said), said

    etcd.delete("/filling")
    revision = etcd.call("kv/range", {"key": "AA=="})["header"]["revision"]
    for words in (f"compaction {revision}", "defrag", "alarm disarm"):
        etcdctl(etcd, f"etcdctl {words}", as_root=False)
    watch.put(key_of(second.port), timeout=60)
    watch.nothing_more(key_of(first.port))
    assert put.lease in etcd.leases()
