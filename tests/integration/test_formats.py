# SPDX-License-Identifier: Apache-2.0
"""Several formats at once: one transaction, one lease; and the tools that read them."""

import json

import pytest

from lib.agent import run
from lib.descriptor import NAME, descriptor
from lib.naming import NamingClient
from lib.needs import need_ipv6
from lib.outputs import until
from lib.ports import free_port
from lib.users import add_agent, documented_formats, etcdctl, switch_on

FORMATS = ["services", "grpc-naming", "skydns", "go-zero", "kratos", "kitex"]
ALL = f"[{', '.join(FORMATS)}]"
TTL = 5  # most of it is left when a machine stands still for a second or two
SHORT = {"ttl": f"{TTL}s", "formats": ALL}


def number_of(place):
    """FNV-1a without its highest bit: what stands for host:port in a key."""
    number = 0xCBF29CE484222325
    for byte in place.encode():
        number = (number ^ byte) * 0x100000001B3 % 2**64
    return number % 2**63


def expected(port, ttl=10):
    """key -> value of a service on localhost, in each of the formats, in their order."""
    place = f"localhost:{port}"
    number = number_of(place)
    return {
        f"/services/{NAME}/{place}": f'{{"host":"localhost","port":{port},"protocol":"grpc"}}',
        f"{NAME}/{place}": f'{{"Op":0,"Addr":"{place}","Metadata":null}}',
        f"/skydns/local/skydns/{NAME}/{number}": f'{{"host":"localhost","port":{port},'
        f'"priority":10,"weight":100,"ttl":{ttl}}}',
        f"{NAME}/{number}": place,
        f"/microservices/{NAME}/{place}": f'{{"id":"{place}","name":"{NAME}","version":"",'
        f'"metadata":{{}},"endpoints":["grpc://{place}"]}}',
        f"kitex/registry-etcd/{NAME}/{place}": f'{{"network":"tcp","address":"{place}",'
        f'"weight":10,"tags":{{}}}}',
    }


def next_of(watch, kind, keys):
    """The next event of each key, which must be of this kind and of one transaction."""
    events = [getattr(watch, kind)(key) for key in keys]
    assert len({event.revision for event in events}) == 1, watch.history()
    assert len({event.lease for event in events}) == 1, watch.history()
    return events


def nothing_more(watch, keys):
    for key in keys:
        watch.nothing_more(key)


def test_all_at_once_in_one_transaction_on_one_lease(serve, agent, etcd):
    server, watch = serve("go"), etcd.watch("")
    agent(descriptor(etcd, server.port, register={"formats": ALL}))
    keys = expected(server.port)
    events = next_of(watch, "put", keys)
    assert {event.key: event.value.decode() for event in events} == keys
    assert etcd.leases() == [events[0].lease]
    assert etcd.lease(events[0].lease)[1] == 10
    assert set(etcd.get("")) == set(keys), "something else was written"


def test_all_go_and_come_with_the_health(serve, agent, etcd):
    server, watch = serve("go"), etcd.watch("")
    running = agent(descriptor(etcd, server.port, register={"formats": ALL}))
    keys = expected(server.port)
    first = next_of(watch, "put", keys)
    server.status("NOT_SERVING")
    next_of(watch, "gone", keys)
    assert etcd.leases() == []
    server.status("SERVING")
    second = next_of(watch, "put", keys)
    assert second[0].lease != first[0].lease
    running.stop()
    next_of(watch, "gone", keys)
    nothing_more(watch, keys)
    assert etcd.leases() == []


@pytest.mark.parametrize("lost", range(len(FORMATS)), ids=FORMATS)
def test_one_deleted_by_hand_is_put_again(serve, agent, etcd, lost):
    server, watch = serve("go"), etcd.watch("")
    running = agent(descriptor(etcd, server.port, register=SHORT))
    keys = expected(server.port, ttl=TTL)
    put = next_of(watch, "put", keys)
    key = list(keys)[lost]
    etcd.delete(key)
    watch.gone(key)
    again = next_of(watch, "put", keys)
    assert again[0].lease == put[0].lease
    assert etcd.get("") == {k: (v.encode(), put[0].lease) for k, v in keys.items()}
    running.wait_log(rf"warn  key lost, putting it again .*key={key.replace('[', '.')}")
    etcd.outlast(TTL)
    nothing_more(watch, keys)


def test_a_killed_agents_keys_are_taken_over_at_once(serve, agent, etcd):
    server, watch = serve("go"), etcd.watch("")
    text = descriptor(etcd, server.port, register={"ttl": "15s", "formats": ALL})
    first = agent(text)
    keys = expected(server.port, ttl=15)
    old = next_of(watch, "put", keys)
    first.kill()
    second = agent(text)
    new = next_of(watch, "put", keys)
    assert new[0].lease != old[0].lease
    assert old[0].lease in etcd.leases(), "taken over only after the old lease had run out"
    second.wait_log(rf"Service registered: .* taken_over_from=0*{old[0].lease:x}")
    etcd.wait_lease_gone(old[0].lease, timeout=60)
    assert {lease for _, lease in etcd.get("").values()} == {new[0].lease}
    nothing_more(watch, keys)


def test_an_agent_of_fewer_formats_is_followed_by_one_of_more(serve, agent, etcd):
    """A predecessor that was killed has left one of the keys, and nobody the others."""
    server, watch = serve("go"), etcd.watch("")
    first = agent(descriptor(etcd, server.port, register={"ttl": "60s"}))
    keys = expected(server.port)
    watch.put(list(keys)[0])
    first.kill()
    agent(descriptor(etcd, server.port, register={"formats": ALL}))
    next_of(watch, "put", keys)


def test_one_key_of_another_keeps_all_away(serve, agent, etcd):
    server, watch = serve("go"), etcd.watch("")
    running = agent(descriptor(etcd, server.port, register=SHORT))
    keys = expected(server.port, ttl=TTL)
    next_of(watch, "put", keys)
    taken = f"/microservices/{NAME}/localhost:{server.port}"
    theirs = int(etcd.call("lease/grant", {"TTL": "600"})["ID"])
    etcd.put(taken, "theirs", theirs)
    assert watch.put(taken).value == b"theirs"
    running.wait_log(rf"warn  another instance holds the key.* key={taken} its_lease=0*{theirs:x}")
    rest = [key for key in keys if key != taken]
    next_of(watch, "gone", rest)
    etcd.outlast(TTL)
    nothing_more(watch, keys)
    # Once in a TTL it tries whether the key is free, with a lease that is gone a moment later.
    until(lambda: etcd.kept_leases(running) == [theirs])
    etcd.revoke(theirs)
    watch.gone(taken)
    next_of(watch, "put", keys)


# ---- read again -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_written_is_listed(serve, agent, etcd, name):
    server, watch = serve("go"), etcd.watch("")
    keys = expected(server.port)
    agent(descriptor(etcd, server.port, register={"formats": f"[{name}]"}))
    key = list(keys)[FORMATS.index(name)]
    watch.put(key)
    listed = run("list", NAME, "--endpoints", etcd.endpoint, "--format", name, "-o", "json")
    assert listed.returncode == 0
    found = json.loads(listed.stdout)
    instance = found["instance"]
    assert (found["service"], instance["key"]) == (NAME, key)
    assert (instance["host"], instance["port"]) == ("localhost", server.port)


# ---- etcd's own resolver for gRPC -------------------------------------------------------------


@pytest.fixture
def naming(etcd, closing):
    return lambda: closing(NamingClient(etcd, NAME))


def serves(client):
    """Whether it calls instances that serve, and no other: it takes them in turn."""
    return {client.call() for _ in range(4)} == {"answer SERVING"}


def test_go_finds_and_calls_what_is_registered(serve, agent, etcd, naming):
    one, two = serve("go"), serve("go")
    watch = etcd.watch(f"{NAME}/")
    metadata = "{version: 1.0.0, weight: 100}"
    first = agent(
        descriptor(
            etcd, one.port, register={"formats": "[services, grpc-naming]"},
            service={"metadata": metadata},
        )
    )
    agent(descriptor(etcd, two.port, register={"formats": "grpc-naming"}))
    keys = [f"{NAME}/localhost:{server.port}" for server in (one, two)]
    for key in keys:
        watch.put(key)

    client = naming()
    assert client.list() == {
        keys[0]: (f"localhost:{one.port}", '{"version":"1.0.0","weight":100}'),
        keys[1]: (f"localhost:{two.port}", None),
    }
    assert serves(client)
    two.status("NOT_SERVING")
    watch.gone(keys[1])
    until(lambda: serves(client))  # its own watch may be later than ours
    two.status("SERVING")
    watch.put(keys[1])
    first.stop()
    watch.gone(keys[0])
    one.kill()
    until(lambda: serves(client))
    assert set(client.list()) == {keys[1]}


def test_go_finds_and_calls_an_ipv6_address(serve, agent, etcd, naming):
    need_ipv6()
    port = free_port()
    serve("go", listen=f"[::1]:{port}")
    watch = etcd.watch(f"{NAME}/")
    agent(
        descriptor(
            etcd, port, service={"host": '"::1"'}, register={"formats": "grpc-naming"},
            probe={"target": f'"[::1]:{port}"'},
        )
    )
    watch.put(f"{NAME}/[::1]:{port}")
    client = naming()
    assert client.list() == {f"{NAME}/[::1]:{port}": (f"[::1]:{port}", None)}
    assert client.call() == "answer SERVING"


def test_go_survives_no_object_as_metadata(serve, etcd, naming):
    """The reason why ours is a text: gRPC for Go compares it."""
    server = serve("go")
    value = {"Op": 0, "Addr": f"127.0.0.1:{server.port}", "Metadata": {"weight": 100}}
    etcd.put(f"{NAME}/one", json.dumps(value))
    client = naming()
    client.send("call")
    client.complained.wait("panic: runtime error: hash of unhashable type map", timeout=60)
    assert client.child.wait(60) == 2


# ---- users of etcd ----------------------------------------------------------------------------


@pytest.fixture
def guarded(etcds, tmp_path):
    """etcd with the user that the operations page makes, and the keys of a descriptor that logs in."""
    password_file = tmp_path / "etcd-password"
    password_file.write_text("correct-horse\n")
    etcd = etcds("guarded").start()
    add_agent(etcd, password_file)
    return etcd, {"username": "coupon-agent", "password_file": password_file}


def test_the_documented_grants_are_enough(guarded, serve, agent):
    etcd, login = guarded
    for line in documented_formats(NAME, "coupon-agent"):
        etcdctl(etcd, line, as_root=False)
    switch_on(etcd)
    server, watch = serve("go"), etcd.watch("")
    agent(descriptor(etcd, server.port, etcd=login, register=SHORT))
    keys = expected(server.port, ttl=TTL)
    next_of(watch, "put", keys)
    for _ in range(2):
        etcd.outlast(TTL)
    nothing_more(watch, keys)


def test_without_one_of_them_nothing_is_registered(guarded, serve, agent):
    etcd, login = guarded
    *granted, last = documented_formats(NAME, "coupon-agent")
    for line in granted:
        etcdctl(etcd, line, as_root=False)
    switch_on(etcd)
    server, watch = serve("go"), etcd.watch("")
    running = agent(descriptor(etcd, server.port, etcd=login, register=SHORT))
    running.wait_log(
        r"warn  cannot put the key yet.* may not write /services/.* and 5 more, or one of them:"
        r" give its role readwrite on /services/coupon-service/, coupon-service/,"
        r" /skydns/local/skydns/coupon-service/, /microservices/coupon-service/,"
        r" kitex/registry-etcd/coupon-service/"
    )
    keys = expected(server.port, ttl=TTL)
    nothing_more(watch, keys)
    etcdctl(etcd, last)
    next_of(watch, "put", keys)
