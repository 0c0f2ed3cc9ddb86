# SPDX-License-Identifier: Apache-2.0
"""Whose key is it: a dead predecessor's, or that of an agent which is alive and newer."""

from lib.descriptor import descriptor, key_of

TTL = 6  # renewed every two seconds, so that one that is late by a few does not let it lapse
SHORT = {"ttl": f"{TTL}s"}
STANDS_BY = "another instance holds"


def test_a_killed_agents_key_is_taken_over_at_once(serve, agent, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    text = descriptor(etcd, server.port, register={"ttl": "60s"})  # nobody starts as slowly
    first = agent(text)
    old = watch.put(key)
    first.kill()
    agent(text)
    new = watch.put(key)
    assert new.lease != old.lease
    assert old.lease in etcd.leases(), "taken over only after the old lease had run out"
    etcd.revoke(old.lease)  # as if it had run out
    assert etcd.get()[key] == (old.value, new.lease)
    watch.nothing_more(key)


def test_of_two_live_agents_the_newest_holds(serve, agent, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    text = descriptor(etcd, server.port, register=SHORT)
    older = agent(text)
    watch.put(key)
    newest = agent(text)
    held = watch.put(key)
    older.wait_log(f"warn .*{STANDS_BY}")
    for _ in range(2):
        etcd.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.get()[key][1] == held.lease
    assert older.log.count(STANDS_BY) == 1
    assert newest.log.count(STANDS_BY) == 0

    newest.stop()
    watch.gone(key)
    again = watch.put(key)
    assert again.lease != held.lease
    etcd.outlast(TTL)
    watch.nothing_more(key)


def test_the_one_that_stands_by_leaves_without_a_trace(serve, agent, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    text = descriptor(etcd, server.port, register=SHORT)
    older = agent(text)
    watch.put(key)
    agent(text)
    held = watch.put(key)
    older.wait_log(STANDS_BY)
    older.stop()
    etcd.outlast(TTL)
    watch.nothing_more(key)
    assert etcd.leases() == [held.lease]


def test_a_newest_that_is_killed_is_followed_by_the_older(serve, agent, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    text = descriptor(etcd, server.port, register=SHORT)
    older = agent(text)
    watch.put(key)
    newest = agent(text)
    watch.put(key)
    older.wait_log(STANDS_BY)
    newest.kill()
    watch.gone(key)  # its lease ran out
    watch.put(key)
    etcd.outlast(TTL)
    watch.nothing_more(key)


def test_a_foreign_value_is_not_left_under_our_lease(serve, sidecar, etcd):
    server = serve()
    key, watch = key_of(server.port), etcd.watch()
    sidecar(server, register=SHORT)
    ours = watch.put(key)
    etcd.put(key, "not ours", ours.lease)
    assert watch.put(key).value == b"not ours"
    assert watch.put(key).value == ours.value
